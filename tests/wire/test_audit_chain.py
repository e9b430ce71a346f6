"""The audit trail's hash chain: what is sealed when, and what a check finds afterwards."""
import random
import threading
import time

import psycopg2
import pytest

from http_client import at_once
from instance import wait_until
from trail import shared_trail, template, trail  # noqa: F401

# --- what is sealed, while others write ---

def test_seals_what_is_there_and_links_it_as_written_down(trail):
    trail.rows(7)
    assert trail.seal(3) == 3
    assert trail.seal(100) == 4
    assert trail.seal() == 0
    rows, through, head = trail.sealed()
    assert (rows, through) == (7, 7)
    assert head == trail.recomputed(7)
    assert trail.violations() == []


def test_waits_for_a_transaction_that_took_its_id_before_others(trail):
    slow, quick = trail.connect(autocommit=False), trail.connect()
    first = trail.audit(slow.cursor())
    trail.audit(quick.cursor())
    assert trail.seal() == 0
    trail.audit(quick.cursor())
    assert trail.seal() == 0  # the third is settled no more than the first
    slow.commit()
    assert trail.seal() == 2
    assert trail.seal() == 1
    assert trail.violations() == []
    assert trail.sealed()[2] == trail.recomputed(first + 2)


def test_waits_though_nothing_was_committed_since_it_began(trail):
    idle, writer = trail.connect(autocommit=False), trail.connect(autocommit=False)
    idle.cursor().execute("select pg_current_xact_id()")
    trail.audit(writer.cursor())
    assert trail.seal() == 0
    idle.commit()
    assert trail.seal() == 0
    writer.commit()
    assert trail.seal() == 1
    assert trail.violations() == []


def test_a_writer_is_seen_before_it_has_an_id(trail):
    trail.rows(1)  # the first id, and each 32nd, brings a transaction's number with it
    assert trail.seal() == 1
    held = trail.connect()
    held.cursor().execute("""
        create function hold() returns trigger language plpgsql as
            'begin perform pg_advisory_xact_lock(1); return new; end';
        create trigger hold before insert on smartflow.audit_log
            for each row execute function hold();
        select pg_advisory_lock(1)""")
    writer = threading.Thread(target=trail.rows, args=(1,))
    writer.start()
    wait_until(lambda: trail.query("select 1 from pg_locks where not granted"), 5, "it has an id")
    assert trail.seal() == 0
    held.cursor().execute("select pg_advisory_unlock(1)")
    writer.join()
    assert trail.seal() == 1
    assert trail.violations() == []


def test_passes_over_what_was_rolled_back(trail):
    slow = trail.connect(autocommit=False)
    trail.audit(slow.cursor())
    trail.rows(1)
    assert trail.seal() == 0
    slow.rollback()
    assert trail.seal() == 1
    assert trail.sealed()[:2] == (1, 2)
    assert trail.violations() == []


def test_doesnt_wait_for_other_databases_of_the_server(trail):
    with psycopg2.connect(trail.shop.database_url("postgres")) as elsewhere:
        elsewhere.cursor().execute("select pg_current_xact_id()")
        trail.rows(2)
        assert trail.seal() == 2
        own = trail.connect(autocommit=False)
        own.cursor().execute("select pg_current_xact_id()")
        trail.rows(1)
        assert trail.seal() == 0
        own.commit()
        assert trail.seal() == 1
    elsewhere.close()


def test_never_misses_and_never_accuses_under_many_writers_and_two_sealers(trail):
    until = time.monotonic() + 3
    kept = []

    def write(seed):
        chance = random.Random(seed)
        connection = trail.connect(autocommit=False)
        cursor = connection.cursor()
        while time.monotonic() < until:
            ids = []
            for _ in range(chance.randint(1, 3)):
                cursor.execute("savepoint here")
                ids.append(trail.audit(cursor))
                if chance.random() < 0.2:
                    cursor.execute("rollback to here")
                    ids.pop()
                time.sleep(chance.choice((0, 0, 0.01, 0.1)))
            if chance.random() < 0.2:
                connection.rollback()
            else:
                connection.commit()
                kept.extend(ids)

    def seal():
        cursor = trail.connect().cursor()
        while time.monotonic() < until:
            cursor.execute("select smartflow_api.deliver_seal(20)")

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(8)]
    threads += [threading.Thread(target=seal) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    under_way = trail.sealed()[0]
    assert under_way > 0
    while trail.seal():
        pass
    rows, through, head = trail.sealed()
    assert rows == len(kept) > under_way
    assert head == trail.recomputed(through)
    assert trail.query("select count(*) from (select unnest(ids) from smartflow.audit_seals) as i"
                       )[0][0] == rows
    assert trail.violations() == []


def test_a_second_sealer_leaves_it_to_the_first(trail):
    trail.rows(5)
    first = trail.connect(autocommit=False)

    def first_seals():
        """Not as long as somebody else's transaction, of whichever database, is ending."""
        cursor = first.cursor()
        cursor.execute("select smartflow_api.deliver_seal(3)")
        return cursor.fetchone()[0] or first.rollback()

    assert wait_until(first_seals, 5, "it can be told what has ended") == 3
    assert trail.seal() == 0  # at once: nobody waits
    first.commit()
    assert trail.seal() == 2
    assert trail.violations() == []


def test_many_who_seal_at_once_seal_each_row_once(trail):
    sealers = [trail.connect() for _ in range(8)]

    def seal(connection):
        with connection.cursor() as cursor:
            cursor.execute("select smartflow_api.deliver_seal(1000)")
            return cursor.fetchone()[0]

    sealed = 0
    for _ in range(50):
        trail.rows(1)
        sealed += sum(at_once([lambda sealer=sealer: seal(sealer) for sealer in sealers]))
    sealed += trail.seal()
    assert (sealed, trail.sealed()[0]) == (50, 50)
    assert trail.violations() == []


def test_seals_on_in_a_server_whose_transactions_count_from_the_start(trail):
    slow = trail.connect(autocommit=False)
    trail.audit(slow.cursor())
    trail.rows(1)
    assert trail.seal() == 0
    slow.commit()
    # What a dump takes along: the number of a transaction that is still far away here.
    trail.query("update smartflow.audit_chain set barrier_xid = '123456789012'")
    trail.rows(1)
    assert trail.seal() == 3
    assert trail.violations() == []


@pytest.mark.parametrize("before", ["set transaction isolation level repeatable read",
                                    "select pg_current_xact_id()"])
def test_refuses_to_seal_where_it_couldnt_tell_who_is_under_way(trail, before):
    cursor = trail.connect(autocommit=False).cursor()
    cursor.execute(before)
    with pytest.raises(psycopg2.Error, match="a transaction of its own"):
        cursor.execute("select smartflow_api.deliver_seal(10)")


def test_goes_on_where_a_killed_follower_left_off(trail):
    trail.rows(20)
    blocker = trail.connect(autocommit=False)
    blocker.cursor().execute("lock table smartflow.audit_seals in exclusive mode")
    follower = trail.follow(waiting=False)
    wait_until(lambda: trail.query("select 1 from pg_locks where not granted"), 10, "it seals")
    follower.kill()
    follower.wait()
    blocker.rollback()
    wait_until(lambda: trail.seal() or trail.sealed()[0], 10, "the chain is free")
    assert trail.sealed()[:2] == (20, 20)
    assert trail.violations() == []


def test_a_follower_seals_by_itself(trail):
    trail.rows(3)
    trail.follow()
    wait_until(lambda: trail.sealed()[0] == 3, 15, "it is sealed")


@pytest.mark.slow
def test_a_follower_goes_on_sealing_after_its_connection_was_lost(trail):
    trail.follow()
    trail.query("select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and application_name = 'smartflow'")
    trail.rows(2)
    wait_until(lambda: trail.sealed()[0] == 2, 15, "it is sealed")


# --- what a check finds ---

CHANGED = "Rows were changed after they were sealed."
REMOVED = "Rows were removed after they were sealed."
SLIPPED_IN = "Rows were slipped in among sealed ones."


@pytest.fixture(scope="module")
def sealed(shared_trail):
    """Twenty rows, the sixth rolled back, in batches of eight; nobody changes them for good."""
    shared_trail.rows(5)
    rolled_back = shared_trail.connect(autocommit=False)
    shared_trail.audit(rolled_back.cursor())
    rolled_back.rollback()
    shared_trail.rows(15)
    while shared_trail.seal(8):
        pass
    assert shared_trail.sealed()[:2] == (20, 21)
    assert shared_trail.violations() == []
    return shared_trail


@pytest.mark.parametrize("what", [
    "at = at + interval '1 ms'", "user_id = 7", "action = 'delete'", "entity = 'order'",
    "entity_id = 99", "changes = '{\"a\" : 1}'", "changes = '{ }'", "request_id = 'other'",
    "address = '1.2.3.4'", "user_id = 7, username = 'x', role = 'admin'"])
def test_names_rows_that_were_changed(sealed, what):
    assert sealed.violations(f"update audit_log set {what} where id in (4, 20)") == [
        (4, CHANGED), (20, CHANGED)]


def test_names_rows_that_were_exchanged(sealed):
    exchange = "update audit_log set entity_id = 7 - entity_id where id in (3, 4)"
    assert sealed.violations(exchange) == [(3, 4, CHANGED)]


def test_names_rows_that_were_removed(sealed):
    assert sealed.violations("delete from audit_log where id in (1, 2, 21)") == [
        (1, 2, REMOVED), (21, REMOVED)]


@pytest.mark.parametrize("row", [6, 0, -5])
def test_names_rows_that_were_slipped_in(sealed, row):
    slip_in = ("insert into audit_log (id, action, entity) overriding system value"
               f" values ({row}, 'create', 'order')")
    assert sealed.violations(slip_in) == [(row, SLIPPED_IN)]


def test_names_a_row_that_was_passed_off_as_a_segments(sealed):
    pass_off = "update audit_log set origin = 1, origin_id = 12 where id = 12"
    assert sealed.violations(pass_off) == [
        (12, REMOVED), (1, 12, "Rows were slipped in beside a segment.")]


@pytest.mark.parametrize("statement, problem", [
    ("update audit_seals set head = sha256(head) where after = 0", "doesn't hold"),
    ("update audit_seals set digests = sha256('') || substr(digests, 33) where after = 0",
     "were changed"),
    ("delete from audit_seals where after = 0", "are gone"),
    ("delete from audit_seals where after > 0", "doesn't end"),
    ("truncate audit_seals", "doesn't end"),
    ("update audit_chain set rows = rows - 1", "doesn't end"),
    ("delete from audit_chain", "doesn't end")])
def test_notices_seals_that_were_changed_removed_or_cut_off(sealed, statement, problem):
    assert any(problem in found[-1] for found in sealed.violations(statement))


def test_a_row_that_isnt_sealed_yet_is_nobodys_fault(trail):
    trail.rows(3)
    assert trail.violations() == []
    assert trail.violations("delete from audit_log where id = 2") == []


def test_nobody_changes_or_removes_seals_and_segments_by_mistake(sealed):
    for statement in ("update smartflow.audit_seals set through = through + 1",
                      "delete from smartflow.audit_seals", "truncate smartflow.audit_segments",
                      "delete from smartflow.audit_segments", "delete from smartflow.audit_log"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            sealed.query(statement)


def test_a_segment_is_a_chain_of_its_own(trail):
    def bring(count):
        """A restore's part of it."""
        with trail.connect(autocommit=False) as connection, connection.cursor() as cursor:
            cursor.execute("set search_path = smartflow_api, smartflow")
            cursor.execute("select open_audit_segment()")
            origin = cursor.fetchone()[0]
            cursor.execute("insert into audit_log (origin, origin_id, action, entity, entity_id)"
                           " select %s, 2 * n, 'create', 'order', n"
                           " from generate_series(1, %s) as n", (origin, count))
            cursor.execute("select (close_audit_segment(%s, now(), sha256(''))).rows", (origin,))
            assert cursor.fetchone()[0] == count
        return origin

    first, second, empty = bring(5), bring(6000), bring(0)
    trail.rows(2)
    while trail.seal():
        pass
    assert trail.sealed()[0] == 2
    assert trail.violations() == []
    head, = trail.query("select smartflow_api.audit_head()")[0]
    assert [(s["origin"], s["rows"], s["through"]) for s in head["segments"]] == [
        (first, 5, 10), (second, 6000, 12000), (empty, 0, 0)]
    assert head["segments"][2]["hash"] == "00" * 32
    tampering = f"""
        update audit_log set entity_id = 0 where origin = {first} and origin_id = 8;
        delete from audit_log where origin = {second} and origin_id = 10002;
        insert into audit_log (origin, origin_id, action, entity)
        values ({first}, 3, 'create', 'order'), ({first}, 11, 'create', 'order')"""
    assert sorted(trail.violations(tampering)) == sorted([
        (first, 3, SLIPPED_IN), (first, 8, CHANGED), (second, 10002, REMOVED),
        (first, 11, "Rows were slipped in beside a segment.")])


def test_the_command_line_prints_the_head(trail):
    trail.rows(3)
    code, text = trail.smartflow("audit", "head")
    rows, through, head = trail.sealed()
    assert (code, rows) == (0, 3)
    assert text.startswith(f"3 rows through {through}: {head}, sealed 20")
    code, text = trail.smartflow("audit", "head", "--json")
    assert text == f'{{"through":{through},"rows":3,"hash":"{head}","segments":[]}}\n'
