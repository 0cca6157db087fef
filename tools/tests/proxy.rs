//! A proxy passes what it should, holds up, splits and loses what it should not, and ends connections both ways.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tools::proxy::{End, Manner, Proxy};

/// Longer than anything takes that comes.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3_600);
/// Long enough for what is not held up to come.
const MOMENT: Duration = Duration::from_millis(300);

/// A server that answers whatever it reads with the same, and tells of each connection's end.
fn echo() -> (TcpListener, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (own, (tell, ends)) = (listener.try_clone().expect("a handle"), channel());
    std::thread::spawn(move || {
        for client in own.incoming() {
            let (mut client, tell) = (client.expect("a client"), tell.clone());
            std::thread::spawn(move || {
                let mut chunk = [0; 1024];
                while let Ok(size) = client.read(&mut chunk)
                    && size > 0
                    && client.write_all(&chunk[..size]).is_ok()
                {}
                // Nobody listens any more when the test is over.
                let _closed = tell.send(());
            });
        }
    });
    (listener, ends)
}

fn before(server: &TcpListener) -> Proxy {
    Proxy::start(server.local_addr().expect("an address"), 7).expect("a proxy")
}

fn client(proxy: &Proxy) -> TcpStream {
    let client = TcpStream::connect(proxy.url()).expect("it accepts");
    client.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    client
}

#[track_caller]
fn check_echo(client: &mut TcpStream, text: &str) {
    client.write_all(text.as_bytes()).expect("it is sent");
    let mut answer = vec![0; text.len()];
    client.read_exact(&mut answer).expect("it comes back");
    assert_eq!(answer, text.as_bytes());
}

/// Nothing comes for a while.
#[track_caller]
fn check_silence(client: &mut TcpStream) {
    client.set_read_timeout(Some(MOMENT)).expect("a time limit");
    let silence = client.read(&mut [0; 1]).expect_err("nothing comes");
    assert_eq!(silence.kind(), ErrorKind::WouldBlock);
    client.set_read_timeout(Some(PATIENCE)).expect("a time limit");
}

fn behave(proxy: &Proxy, manner: Manner) {
    proxy.behave(manner).expect("it can behave so");
}

#[test]
fn it_passes_as_if_it_were_not_there_and_a_client_s_end_reaches_the_server() {
    let (server, ends) = echo();
    let proxy = before(&server);
    let (mut one, mut two) = (client(&proxy), client(&proxy));
    check_echo(&mut one, "one");
    check_echo(&mut two, &"two".repeat(100_000 / 3));
    assert_eq!(proxy.connections(), 2);
    drop(one);
    ends.recv_timeout(PATIENCE).expect("the server reads the end");
    check_echo(&mut two, "still there");
}

#[test]
fn connections_that_are_cut_end_on_both_sides_and_new_ones_are_made() {
    let (server, ends) = echo();
    let proxy = before(&server);
    for end in [End::Close, End::Reset] {
        let mut cut = client(&proxy);
        check_echo(&mut cut, "there");
        assert_eq!(proxy.cut(end), 1);
        let read = cut.read(&mut [0; 1]).map_err(|error| error.kind());
        assert_eq!(read, if end == End::Close { Ok(0) } else { Err(ErrorKind::ConnectionReset) });
        ends.recv_timeout(PATIENCE).expect("the server learns it");
        check_echo(&mut client(&proxy), "anew");
        ends.recv_timeout(PATIENCE).expect("in order");
    }
}

#[test]
fn while_it_refuses_those_that_are_there_go_on() {
    let (server, _ends) = echo();
    let proxy = before(&server);
    let mut old = client(&proxy);
    check_echo(&mut old, "before");
    for _ in 0..3 {
        behave(&proxy, Manner::Refuse);
        let refused = TcpStream::connect(proxy.url()).expect_err("it refuses");
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        check_echo(&mut old, "meanwhile");
        behave(&proxy, Manner::Pass);
        check_echo(&mut client(&proxy), "after");
    }
}

#[test]
fn what_is_slow_comes_late_in_pieces_and_whole() {
    let (server, _ends) = echo();
    let proxy = before(&server);
    let mut slow = client(&proxy);
    // Read by a client that is faster than the pieces come.
    behave(&proxy, Manner::Slow { delay: Duration::from_millis(40), piece: 3 });
    let began = Instant::now();
    for number in 0..20 {
        check_echo(&mut slow, &format!("message {number} of some length"));
    }
    // Twenty times there and back, each up to 40 ms: 800 ms on average; far less only if nothing waits.
    assert!(began.elapsed() > Duration::from_millis(200), "{:?}", began.elapsed());
    behave(&proxy, Manner::Slow { delay: Duration::ZERO, piece: 1 });
    check_echo(&mut slow, &"0123456789".repeat(5_000));
}

#[test]
fn while_it_hangs_nothing_passes_and_afterwards_everything_does() {
    let (server, _ends) = echo();
    let proxy = before(&server);
    let mut old = client(&proxy);
    check_echo(&mut old, "before");
    behave(&proxy, Manner::Hang);
    let mut new = client(&proxy);
    for client in [&mut old, &mut new] {
        client.write_all(b"held").expect("it is taken");
        check_silence(client);
    }
    behave(&proxy, Manner::Pass);
    for mut client in [old, new] {
        let mut answer = [0; 4];
        client.read_exact(&mut answer).expect("it comes in the end");
        assert_eq!(&answer, b"held");
        check_echo(&mut client, "after");
    }
}

#[test]
fn a_connection_that_hangs_can_be_cut() {
    let (server, ends) = echo();
    let proxy = before(&server);
    let mut held = client(&proxy);
    check_echo(&mut held, "before");
    behave(&proxy, Manner::Hang);
    held.write_all(b"held").expect("it is taken");
    check_silence(&mut held);
    proxy.cut(End::Close);
    assert_eq!(held.read(&mut [0; 1]).expect("the end"), 0);
    ends.recv_timeout(PATIENCE).expect("the server learns it");
}

#[test]
fn what_is_lost_takes_its_connection_with_it_and_no_other() {
    let (server, ends) = echo();
    let proxy = before(&server);
    let (mut lost, mut quiet) = (client(&proxy), client(&proxy));
    check_echo(&mut lost, "before");
    check_echo(&mut quiet, "before");
    behave(&proxy, Manner::Lose { given_up_after: NEVER });
    lost.write_all(b"lost").expect("it is taken");
    check_silence(&mut lost);
    behave(&proxy, Manner::Pass);
    lost.write_all(b"lost too").expect("it is taken");
    check_silence(&mut lost);
    // Who sent nothing meanwhile notices nothing.
    check_echo(&mut quiet, "after");
    drop(lost);
    let told = ends.recv_timeout(MOMENT);
    assert!(told.is_err(), "the server does not learn of the end");
    assert_eq!(proxy.cut(End::Reset), 2, "a lost connection can be cut");
    ends.recv_timeout(PATIENCE).expect("now it does");
}

#[test]
fn who_sent_what_is_lost_is_told_by_its_own_system() {
    let (server, ends) = echo();
    let proxy = before(&server);
    let mut lost = client(&proxy);
    check_echo(&mut lost, "before");
    behave(&proxy, Manner::Lose { given_up_after: MOMENT * 2 });
    lost.write_all(b"lost").expect("it is taken");
    check_silence(&mut lost);
    assert_eq!(lost.read(&mut [0; 1]).expect("the end"), 0);
    assert!(ends.recv_timeout(MOMENT).is_err(), "the server does not learn of it");
}

#[test]
fn a_client_of_a_server_that_is_away_reads_the_end() {
    let (server, _ends) = echo();
    let address = server.local_addr().expect("an address");
    let away = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let nobody = away.local_addr().expect("an address");
    drop(away);
    assert_ne!(address, nobody);
    let proxy = Proxy::start(nobody, 7).expect("a proxy");
    let mut client = client(&proxy);
    assert!(matches!(client.read(&mut [0; 1]), Ok(0) | Err(_)), "its connection ends");
    assert_eq!(proxy.connections(), 0);
}
