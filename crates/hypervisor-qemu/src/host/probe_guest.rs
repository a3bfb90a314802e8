//! The trial guest: a counting loop and the instruction that ends the machine.

use container_hypervisor::GuestArchitecture;

/// Rounds of the loop.
const ROUNDS: u32 = 50_000_000;

pub(super) use x86_64::EXIT_PORT as X86_EXIT_PORT;

/// The guest for an architecture, as a file that QEMU's loader takes.
pub(super) fn image(architecture: GuestArchitecture) -> Vec<u8> {
    match architecture {
        GuestArchitecture::Amd64 => x86_64::image(),
        GuestArchitecture::Arm64 => aarch64::image(),
    }
}

/// QEMU's exit status when that guest has reached its end.
pub(super) fn exit_status(architecture: GuestArchitecture) -> i32 {
    match architecture {
        GuestArchitecture::Amd64 => x86_64::EXIT_STATUS,
        GuestArchitecture::Arm64 => aarch64::EXIT_STATUS,
    }
}

mod x86_64 {
    use super::ROUNDS;

    /// I/O port of QEMU's isa-debug-exit device.
    pub(in crate::host) const EXIT_PORT: u8 = 0xf4;

    /// What the guest writes to it.
    const EXIT_VALUE: u8 = 0x10;

    /// QEMU's exit status for it: `value << 1 | 1` (hw/misc/debugexit.c).
    pub(in crate::host) const EXIT_STATUS: i32 = ((EXIT_VALUE as i32) << 1) | 1;

    /// Where the code is loaded and entered.
    const ENTRY: u32 = 0x10_0000;

    /// File offsets of the note and of the code.
    const NOTE_OFFSET: usize = 0x200;
    const CODE_OFFSET: usize = 0x1000;

    /// XEN_ELFNOTE_PHYS32_ENTRY: the note that makes an ELF file bootable by the PVH protocol, entered in 32-bit
    /// protected mode without paging.
    const NOTE_TYPE_PHYS32_ENTRY: u32 = 18;

    /// ELF constants, elf(5).
    const ET_EXEC: u16 = 2;
    const EM_X86_64: u16 = 62;
    const PT_LOAD: u32 = 1;
    const PT_NOTE: u32 = 4;
    const PF_R: u32 = 4;
    const PF_R_X: u32 = 5;
    const EHDR_BYTES: u16 = 64;
    const PHDR_BYTES: u16 = 56;

    /// The guest as an ELF file.
    pub(in crate::host) fn image() -> Vec<u8> {
        let code = code();
        let note = note();
        let mut file = elf_header();
        file.extend(program_header(
            PT_LOAD,
            PF_R_X,
            CODE_OFFSET,
            ENTRY.into(),
            code.len(),
            0x1000,
        ));
        file.extend(program_header(PT_NOTE, PF_R, NOTE_OFFSET, 0, note.len(), 4));
        file.resize(NOTE_OFFSET, 0);
        file.extend(note);
        file.resize(CODE_OFFSET, 0);
        file.extend(code);
        file
    }

    fn code() -> Vec<u8> {
        let mut code = vec![0xb9]; // mov ecx, ROUNDS
        code.extend(ROUNDS.to_le_bytes());
        code.extend([0x49, 0x75, 0xfd]); // dec ecx; jnz to the dec
        code.extend([0xb0, EXIT_VALUE, 0xe6, EXIT_PORT]); // mov al, EXIT_VALUE; out EXIT_PORT, al
        code.extend([0xf4, 0xeb, 0xfd]); // hlt; jmp to the hlt
        code
    }

    fn note() -> Vec<u8> {
        let mut note = Vec::new();
        for field in [4, 8, NOTE_TYPE_PHYS32_ENTRY] {
            note.extend(u32::to_le_bytes(field));
        }
        note.extend(b"Xen\0");
        note.extend(u64::from(ENTRY).to_le_bytes());
        note
    }

    fn elf_header() -> Vec<u8> {
        let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec(); // 64 bit, little endian
        for half in [ET_EXEC, EM_X86_64] {
            header.extend(half.to_le_bytes());
        }
        header.extend(1_u32.to_le_bytes());
        for long in [u64::from(ENTRY), u64::from(EHDR_BYTES), 0] {
            header.extend(long.to_le_bytes());
        }
        header.extend(0_u32.to_le_bytes());
        for half in [EHDR_BYTES, PHDR_BYTES, 2, 0, 0, 0] {
            header.extend(half.to_le_bytes());
        }
        header
    }

    fn program_header(kind: u32, flags: u32, offset: usize, address: u64, size: usize, align: u64) -> Vec<u8> {
        let mut header = Vec::new();
        header.extend(kind.to_le_bytes());
        header.extend(flags.to_le_bytes());
        for long in [offset as u64, address, address, size as u64, size as u64, align] {
            header.extend(long.to_le_bytes());
        }
        header
    }
}

mod aarch64 {
    use super::ROUNDS;

    /// The guest ends by PSCI's SYSTEM_OFF, and QEMU as after any power-off.
    pub(in crate::host) const EXIT_STATUS: i32 = 0;

    /// PSCI function SYSTEM_OFF, Arm DEN 0022.
    const PSCI_SYSTEM_OFF: u32 = 0x8400_0008;

    /// The guest as a raw image, which QEMU enters at its first byte.
    pub(in crate::host) fn image() -> Vec<u8> {
        let move_low = |value: u32| 0x5280_0000 | ((value & 0xffff) << 5); // movz w0, #low
        let move_high = |value: u32| 0x72a0_0000 | ((value >> 16) << 5); // movk w0, #high, lsl #16
        [
            move_low(ROUNDS),
            move_high(ROUNDS),
            0x7100_0400, // subs w0, w0, #1
            0x54ff_ffe1, // b.ne to the subs
            move_low(PSCI_SYSTEM_OFF),
            move_high(PSCI_SYSTEM_OFF),
            0xd400_0002, // hvc #0
            0x1400_0000, // b to itself
        ]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect()
    }
}
