//! A way to a registry that breaks once.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Passes connections on to `target`, but the first one that has carried so many bytes there breaks. Gives its own address.
pub(crate) fn start(target: &str, after_bytes: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (target, has_broken) = (target.to_owned(), Arc::new(AtomicBool::new(false)));
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(&target).unwrap());
            let (back, forth) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let has_broken = Arc::clone(&has_broken);
            std::thread::spawn(move || {
                // Either side may hang up.
                let _ = std::io::copy(&mut &back, &mut &forth);
                let _ = forth.shutdown(Shutdown::Both);
            });
            std::thread::spawn(move || pass(client, server, after_bytes, &has_broken));
        }
    });
    address
}

fn pass(mut client: TcpStream, mut server: TcpStream, after_bytes: usize, has_broken: &AtomicBool) {
    let (mut buffer, mut passed) = ([0; 16 * 1024], 0);
    while let Ok(count) = client.read(&mut buffer) {
        if count == 0 || server.write_all(&buffer[..count]).is_err() {
            break;
        }
        passed += count;
        if passed > after_bytes && !has_broken.swap(true, Ordering::SeqCst) {
            break;
        }
    }
    // The registry sees an end, as it would if the client's machine had died.
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
}
