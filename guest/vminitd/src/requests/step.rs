//! Converts what is asked of steps, or refuses it.

use container_agent_api::v1;
use container_agent_api::v1::add_archive_open::Use;
use container_workload::{ArchiveUse, StepSpec};
use tonic::Status;

use super::mounts::mounts;
use super::{DEFAULT_SHM_BYTES, absolute, given, hostname, names};

/// What a step sees.
pub(crate) fn step(request: v1::BeginStepRequest) -> Result<StepSpec, Status> {
    let no_disk = |_: &str| Err(Status::invalid_argument("a step has no volumes"));
    let (_, mounts) = mounts(request.mounts, no_disk)?;
    request
        .masked_paths
        .iter()
        .chain(&request.readonly_paths)
        .chain(mounts.iter().map(|mount| &mount.target))
        .try_for_each(|path| absolute(path))?;
    Ok(StepSpec {
        hostname: hostname(request.hostname)?,
        names: names(request.names)?,
        mounts,
        shm_size_bytes: given(request.shm_size_bytes).unwrap_or(DEFAULT_SHM_BYTES),
        masked_paths: request.masked_paths,
        readonly_paths: request.readonly_paths,
    })
}

/// What the first message of AddArchive says.
pub(crate) fn archive_use(open: v1::AddArchiveOpen) -> Result<ArchiveUse, Status> {
    match open.r#use {
        Some(Use::Layer(v1::LayerArchive {})) => Ok(ArchiveUse::Layer),
        Some(Use::Tree(v1::TreeArchive { number })) => Ok(ArchiveUse::Tree(number)),
        None => Err(Status::invalid_argument("it is not said what the archive is for")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    fn request(target: &str) -> v1::BeginStepRequest {
        v1::BeginStepRequest {
            hostname: "box".to_owned(),
            mounts: vec![v1::Mount {
                target: target.to_owned(),
                secret: Some(v1::SecretMount::default()),
                ..v1::Mount::default()
            }],
            ..v1::BeginStepRequest::default()
        }
    }

    #[test]
    fn a_step_has_absolute_paths_and_no_volumes() {
        assert_eq!(step(request("/s")).unwrap().shm_size_bytes, DEFAULT_SHM_BYTES);
        let mut with_volume = request("/s");
        with_volume.mounts[0].volume = Some(v1::VolumeMount::default());
        let mut too_large = request("/s");
        too_large.mounts[0].secret.as_mut().unwrap().content = vec![0; (500 << 10) + 1];
        let mut masked = request("/s");
        masked.masked_paths.push("proc".to_owned());
        for refused in [request("s"), with_volume, too_large, masked] {
            assert_eq!(step(refused).unwrap_err().code(), Code::InvalidArgument);
        }
    }
}
