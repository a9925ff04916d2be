"""Signals are recorded when they arrive, and raised where the run checks them."""

import errno
import signal
import threading

import pytest

from tf_ssgan.common import cluster, errors, output
from tf_ssgan.nn import distribution
from tf_ssgan.training.signals import Signals

NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.mark.parametrize(
    "number, status", [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
def test_a_signal_is_raised_at_the_next_check(capfd, number, status):
    with Signals() as signals:
        signals.check()
        signals.check_all_workers()
        signal.raise_signal(number)
        assert capfd.readouterr().err == (
            "\nStopping after this step; the same command continues.\n"
        )
        for check in (signals.check, signals.check_all_workers):
            with pytest.raises(errors.Interrupted) as stopped:
                check()
            assert stopped.value.status == status


def test_after_the_first_signal_ctrl_c_ends_the_process_at_once():
    with Signals():
        signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL


def test_the_previous_handlers_are_restored():
    before = [signal.getsignal(number) for number in NUMBERS]
    with Signals():
        assert [signal.getsignal(number) for number in NUMBERS] != before
        signal.raise_signal(signal.SIGTERM)
    assert [signal.getsignal(number) for number in NUMBERS] == before


def test_in_a_cluster_a_worker_does_not_stop_alone(monkeypatch):
    monkeypatch.setattr(cluster, "read", lambda: cluster.Cluster(("a:1", "b:1"), 0))
    with Signals() as signals:
        signals.received = signal.SIGTERM
        signals.check()
        monkeypatch.setattr(distribution, "max_over_workers", lambda number: number)
        with pytest.raises(errors.Interrupted):
            signals.check_all_workers()


def test_outside_of_the_main_thread_the_handlers_stay_as_they_are():
    before, during = [signal.getsignal(number) for number in NUMBERS], []

    def watch():
        with Signals() as signals:
            during.extend(signal.getsignal(number) for number in NUMBERS)
            signals.check()

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    assert during == before == [signal.getsignal(number) for number in NUMBERS]


def test_a_process_that_ignores_sighup_goes_on(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals() as signals:
            signal.raise_signal(signal.SIGHUP)
            signals.check_all_workers()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_watches_the_run_may_stop_it_at_each_check():
    def gone():
        raise errors.UserError("the folder is gone")

    signals = Signals(gone)
    for check in (signals.check, signals.check_all_workers):
        with pytest.raises(errors.UserError, match="gone"):
            check()


def test_a_print_that_nobody_reads_stops_the_run_with_the_status_of_sigpipe(monkeypatch):
    with pytest.raises(BrokenPipeError), Signals().lost_output():
        raise BrokenPipeError(errno.EPIPE, "of a pipe of somebody else")
    monkeypatch.setattr(output, "_discarded", {1})  # nobody reads standard output
    with pytest.raises(errors.Interrupted) as stopped, Signals().lost_output():
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")
    assert stopped.value.status == 141
    with pytest.raises(OSError, match="full"), Signals().lost_output():
        raise OSError(errno.ENOSPC, "full")
