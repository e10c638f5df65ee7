"""Loops without a call: other threads have their turn, signals are served, garbage is searched for."""

import ctypes
import gc
import signal
import threading
import time
import weakref


def burn(times):
    total = 0
    for number in range(times):
        total = (total + number) % 1000003
    return total


def burn_while(times):
    while times:
        times -= 1
    return times


def burn_list(values):
    total = 0
    for x in values:
        for y in values:
            total = x
    return total


def burn_comprehended(times):
    return len([x for x in range(times) if x < 0])


def burn_until(stopped):
    while not stopped:
        pass
    return "stopped"


def pause_of_others(function, *args):
    """Return whether another thread had its turn at least each 200 ms while a function ran."""
    gaps, stop = [], []

    def tick():
        last = time.perf_counter()
        while not stop:
            time.sleep(0.002)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    thread = threading.Thread(target=tick)
    thread.start()
    time.sleep(0.02)
    function(*args)
    stop.append(True)
    thread.join()
    return max(gaps) < 0.5 and len(gaps) > 5


def served(function, *args):
    """Return what a function gives during which an alarm raises."""

    class Alarm(Exception):
        pass

    def handler(number, frame):
        raise Alarm(number == signal.SIGALRM)

    old = signal.signal(signal.SIGALRM, handler)
    started = time.perf_counter()
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        function(*args)
        return "not served"
    except Alarm as error:
        trace, names = error.__traceback__, []
        while trace:
            name = trace.tb_frame.f_code.co_name
            names += [name] if name != "<listcomp>" else []
            trace = trace.tb_next
        return repr(error), names, time.perf_counter() - started < 2
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def q_another_thread_during_for():
    return pause_of_others(burn, 3_000_000)


def q_another_thread_during_while():
    return pause_of_others(burn_while, 5_000_000)


def q_another_thread_during_nested():
    return pause_of_others(burn_list, [*range(2500)])


def q_another_thread_during_comprehension():
    return pause_of_others(burn_comprehended, 5_000_000)


def q_a_flag_set_by_another_thread():
    stopped = []
    thread = threading.Timer(0.05, stopped.append, [True])
    thread.start()
    result = burn_until(stopped)
    thread.join()
    return result


def q_alarm_during_for():
    return served(burn, 500_000_000)


def q_alarm_during_while():
    return served(burn_while, 500_000_000)


def q_alarm_during_nested():
    return served(burn_list, [*range(50_000)])


def q_alarm_during_comprehension():
    return served(burn_comprehended, 500_000_000)


def q_interrupt():
    timer = threading.Timer(0.05, signal.raise_signal, [signal.SIGINT])
    timer.start()
    try:
        burn(500_000_000)
        return "not interrupted"
    except KeyboardInterrupt as error:
        return repr(error)
    finally:
        timer.join()


def q_error_sent_to_a_thread():
    seen = []

    def run():
        try:
            burn_until([])
        except KeyError as error:
            seen.append(repr(error))

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.05)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(KeyError))
    thread.join(20)
    return seen, thread.is_alive()


class Ring:
    pass


def rings(times):
    """Make rings that only a search for garbage frees, and return whether the first of them went."""
    first = None
    for number in range(times):
        ring = Ring()
        ring.me = ring
        if first is None:
            first = weakref.ref(ring)
    return first() is None


def q_garbage_during_a_loop():
    gc.enable()
    return rings(200_000)


def q_locks_in_loops():
    lock, total = threading.Lock(), []

    def add():
        for number in range(1000):
            with lock:
                total.append(number)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(total)


def q_local_data_of_threads():
    local = threading.local()
    seen = []

    def run(value):
        local.value = value
        burn(100_000)
        seen.append(local.value)

    threads = [threading.Thread(target=run, args=[n]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(seen), hasattr(local, "value")
