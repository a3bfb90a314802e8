//! A container that is a DNS server, in Perl, which every Debian has.

use std::path::Path;

use serde_json::json;

use crate::{Home, Image};

/// Name of the image.
pub const DEBIAN: &str = "localhost/debian:1";

/// The address that every name has whose first label is not `missing`. No name has an IPv6 address.
pub const KNOWN_ADDRESS: &str = "10.99.99.1";

/// Answers questions of one name, RFC 1035: with one address, with none, or that the name does not exist. Listens to IPv4 and IPv6.
const PROGRAM: &str = r#"
use IO::Socket::IP;
my $server = IO::Socket::IP->new(LocalHost => "::", LocalPort => 53, Proto => "udp", V6Only => 0) or die "cannot bind: $@";
$| = 1;
print "ready\n";
while (defined $server->recv(my $query, 512)) {
    my $end = index($query, "\0", 12) + 5;
    my $type = unpack "n", substr $query, $end - 4, 2;
    my $first = substr $query, 13, ord substr $query, 12, 1;
    print "asked for $first $type\n";
    my $count = $type == 1 && $first ne "missing" ? 1 : 0;
    my $reply = substr($query, 0, 2) . pack("n5", $first eq "missing" ? 0x8183 : 0x8180, 1, $count, 0, 0);
    $reply .= substr $query, 12, $end - 12;
    $reply .= pack "nnnNnC4", 0xc00c, 1, 1, 60, 4, split /\./, $ENV{KNOWN_ADDRESS} if $count;
    $server->send($reply);
}
"#;

impl Home {
    /// Loads the root file system of Debian as an image.
    ///
    /// # Panics
    /// When the archive cannot be read.
    #[track_caller]
    pub fn load_debian(&self, root_tar: &Path) {
        let archive = self.file("debian-image.tar");
        Image::from_tar(DEBIAN, std::fs::read(root_tar).unwrap())
            .config(json!({"Cmd": ["bash"]}))
            .write(&archive);
        self.run(["image", "load", "--input", archive.to_str().unwrap()])
            .success();
        std::fs::remove_file(&archive).unwrap();
    }

    /// Starts the server, which listens when this returns. Its log names what it was asked for.
    #[track_caller]
    pub fn start_name_server(&self, name: &str, flags: &[&str]) {
        self.run(name_server(name, flags)).success();
        crate::eventually("the server listens", crate::COMMAND_LIMIT, || {
            self.run(["logs", name]).text().contains("ready")
        });
    }
}

/// The words of the command that starts the server.
#[must_use]
pub fn name_server(name: &str, flags: &[&str]) -> Vec<String> {
    let address = format!("KNOWN_ADDRESS={KNOWN_ADDRESS}");
    let before = ["run", "-d", "--name", name, "--env", &address];
    let words = [&before, flags, &[DEBIAN, "perl", "-e", PROGRAM]].concat();
    words.into_iter().map(str::to_owned).collect()
}
