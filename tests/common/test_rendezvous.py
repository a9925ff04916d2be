"""Workers meet before they train: in threads of this process, over the loopback."""

import concurrent.futures
import socket
import time

import pytest

from tf_ssgan.common import cluster, errors, rendezvous


@pytest.fixture
def ports():
    """Three ports that nobody uses."""
    sockets = [socket.create_server(("", 0)) for _ in range(3)]
    numbers = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return numbers


def workers(ports):
    return tuple(f"127.0.0.1:{port}" for port in ports)


def meet(*clusters, limit=10):
    """What each worker raises, or None; all at once."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        futures = [pool.submit(rendezvous.meet, one, limit) for one in clusters]
        return [future.exception() for future in futures]


def test_three_workers_meet_and_leave_their_ports_free(ports):
    for _ in range(2):  # again, on the same ports
        found = meet(*(cluster.Cluster(workers(ports), index) for index in range(3)))
        assert found == [None] * 3


def test_one_worker_needs_no_other(ports):
    rendezvous.meet(cluster.Cluster(workers(ports[:1]), 0), 0)


def test_a_worker_that_does_not_come_is_named_within_the_limit(ports):
    began = time.monotonic()
    (error,) = meet(cluster.Cluster(workers(ports[:2]), 0), limit=0.3)
    assert isinstance(error, errors.UserError) and time.monotonic() - began < 5
    assert str(error).startswith(
        f"This is worker 0 (127.0.0.1:{ports[0]}); it waited 0 s for worker 1 "
        f"(127.0.0.1:{ports[1]}) (Connection refused). Start the same command on every host"
    )


def test_the_wait_is_said(ports, capsys, monkeypatch):
    monkeypatch.setattr(rendezvous, "_PATIENCE", 0.1)
    meet(cluster.Cluster(workers(ports[:2]), 0), limit=0.5)
    assert capsys.readouterr().out == (
        f"Waiting for worker 1 (127.0.0.1:{ports[1]}), for at most 0 s.\n"
    )


def test_a_host_without_an_address_is_named():
    (error,) = meet(cluster.Cluster(("127.0.0.1:0", "nowhere.invalid:1"), 0), limit=0.2)
    assert "for worker 1 (nowhere.invalid:1) (" in str(error)


def test_a_port_in_use_is_named(ports):
    with socket.create_server(("", ports[0])):
        (error,) = meet(cluster.Cluster(workers(ports), 0))
    assert str(error).startswith(
        f"Port {ports[0]}, which TF_CONFIG gives to worker 0 (127.0.0.1:{ports[0]}), cannot be "
        "used here: Address already in use. End the program"
    )


def test_other_lists_of_workers_are_refused(ports):
    found = meet(
        cluster.Cluster(workers(ports[:2]), 0), cluster.Cluster(workers(ports), 1), limit=1
    )
    assert any("lists other workers" in str(error) for error in found)
    assert all(isinstance(error, errors.UserError) for error in found)


def test_two_workers_of_one_number_are_refused(ports):
    """Another host, at the address of worker 1, that says that it is worker 0."""
    other = rendezvous._Meeting(cluster.Cluster(workers(ports[:2]), 0))
    other.here = cluster.Cluster(workers(ports[:2]), 1)  # where it listens
    with other.listening():
        other.here = cluster.Cluster(workers(ports[:2]), 0)  # what it says
        (error,) = meet(cluster.Cluster(workers(ports[:2]), 0))
    assert f"The TF_CONFIG of worker 1 (127.0.0.1:{ports[1]}) says that its index is 0." in str(
        error
    )


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"[" * 900, b"{}\n", b""])
def test_another_program_at_the_address_is_no_worker(ports, answer):
    with socket.create_server(("", ports[1])) as server:
        with concurrent.futures.ThreadPoolExecutor() as pool:

            def serve():
                server.settimeout(2)
                while True:
                    try:
                        connection, _ = server.accept()
                    except OSError:
                        return
                    with connection:
                        connection.sendall(answer)

            pool.submit(serve)
            (error,) = meet(cluster.Cluster(workers(ports[:2]), 0), limit=0.3)
            server.close()
    assert f"worker 1 (127.0.0.1:{ports[1]})" in str(error), error
