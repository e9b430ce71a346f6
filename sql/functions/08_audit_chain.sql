-- The audit trail's hash chain: h(0) is 32 zero bytes, h(i) = SHA-256(h(i-1) || SHA-256(text(i))), over
-- the rows written here in the order of their ids; each segment that a restore brought has a chain of
-- its own. Writers know nothing of it: `smartflow deliver` seals what is settled, in batches.

-- Who did it; null when nobody was logged in.
create function audit_user_text(id bigint, username text, role text) returns text
language sql stable parallel safe as $$
    select case when id is null then 'null' else
        concat('{"id":', id, ',"username":', coalesce(to_json(username)::text, 'null'),
               ',"role":', coalesce(to_json(role)::text, 'null'), '}') end
$$;

-- A row's text, frozen for ever: as lists and exports show it, without its last member, `origin`.
-- Another form would need a number of its own beside the chain.
create function audit_text(a audit_log) returns text
language sql stable parallel safe as $$
    select concat('{"id":', coalesce(a.origin_id, a.id), ',"timestamp":"', rfc3339(a.at),
        '","user":', audit_user_text(a.user_id, a.username, a.role), ',"action":', to_json(a.action),
        ',"entity":', to_json(a.entity), ',"entityId":', coalesce(a.entity_id::text, 'null'),
        ',"changes":', a.changes, ',"requestId":', coalesce(to_json(a.request_id)::text, 'null'),
        ',"address":', coalesce(to_json(host(a.address))::text, 'null'), '}')
$$;

create function audit_digest(a audit_log) returns bytea
language sql stable parallel safe as $$
    select sha256(convert_to(audit_text(a), 'UTF8'))
$$;

-- The chain's head after these digests, in their order.
create function chained(head bytea, digests bytea[]) returns bytea
language plpgsql immutable strict as $$
declare
    digest bytea;
begin
    foreach digest in array digests loop
        head := sha256(head || digest);
    end loop;
    return head;
end
$$;

-- Rows of a chain as two arrays: their ids beyond one and up to another, in order, and their digests.
-- of: the segment, whose rows go by the ids they had; 0: the local chain
create function chain_rows(of bigint, after bigint, through bigint, how_many bigint default null,
                           out ids bigint[], out digests bytea[])
language plpgsql stable as $$
declare
    -- The first batch also answers for what can't be, ids below 1.
    lowest bigint := case after when 0 then -9223372036854775808 else after end;
begin
    if of = 0 then
        select coalesce(array_agg(r.id), '{}'), coalesce(array_agg(r.digest), '{}') into ids, digests
          from (select a.id, audit_digest(a) as digest from audit_log a
                 where a.origin is null and a.id > lowest and a.id <= chain_rows.through
                 order by a.id limit how_many) as r;
    else
        select coalesce(array_agg(r.id), '{}'), coalesce(array_agg(r.digest), '{}') into ids, digests
          from (select a.origin_id as id, audit_digest(a) as digest from audit_log a
                 where a.origin = of and a.origin_id > lowest and a.origin_id <= chain_rows.through
                 order by a.origin_id limit how_many) as r;
    end if;
end
$$;

-- What a seal keeps of each digest: enough to tell which row was changed.
create function short_digests(digests bytea[]) returns bytea
language sql immutable as $$
    select coalesce(string_agg(substr(digest, 1, 16), '' order by place), '')
      from unnest(digests) with ordinality as d (digest, place)
$$;

create type chain_end as (through bigint, rows bigint, head bytea);

-- Seals the next batch of a chain.
create function seal_batch(of bigint, at chain_end, through bigint, how_many bigint) returns chain_end
language plpgsql as $$
declare
    batch record;
    sealed chain_end;
begin
    select * into batch from chain_rows(of, at.through, seal_batch.through, how_many);
    sealed := row(case when cardinality(batch.ids) < how_many then seal_batch.through
                     else batch.ids[cardinality(batch.ids)] end,
                at.rows + cardinality(batch.ids), chained(at.head, batch.digests))::chain_end;
    insert into audit_seals (origin, after, through, ids, digests, head)
    values (of, at.through, sealed.through, batch.ids, short_digests(batch.digests), sealed.head);
    return sealed;
end
$$;

-- Whether every transaction of this database that is older than this one has ended. No where that
-- can't be told yet. Those of other databases, which a shared server may have for hours, don't count:
-- the locks that each holds on its own xid tell whose they are.
create function all_ended_before(barrier xid8) returns boolean
language plpgsql as $$
declare
    s constant pg_snapshot := pg_current_snapshot();
begin
    return pg_snapshot_xmax(s) >= barrier and not exists (
        select from pg_snapshot_xip(s) as t
         where t < barrier
           and not exists (select from pg_locks l
                             join pg_stat_activity a using (pid) join pg_database d on d.oid = a.datid
                            where l.transactionid = t::xid and l.mode = 'ExclusiveLock' and l.granted
                              and d.datname <> current_database())
           and not exists (select from pg_prepared_xacts p
                            where p.transaction = t::xid and p.database <> current_database()));
end
$$;

-- Seals up to so many rows of the local chain; fewer when no more are settled. Rows are sealed in the
-- order of their ids, and ids are taken before they are committed: so first the highest id that was
-- taken is read, and then comes this transaction's own xid. Whoever took an id up to that one had an
-- xid before (audit() sees to it), a smaller one. Once all older transactions have ended, all rows up
-- to that id are there or never will be. Until then both are kept for the next call.
create function deliver_seal(how_many integer) returns integer
language plpgsql security definer set search_path = smartflow_api, smartflow, pg_temp as $$
declare
    taken bigint := (select case when is_called then last_value else last_value - 1 end from audit_log_id_seq);
    mine xid8;
    chain audit_chain;
    sealed chain_end;
begin
    if pg_current_xact_id_if_assigned() is not null or current_setting('transaction_isolation') <> 'read committed' then
        raise invalid_transaction_state
            using message = 'sealing takes a transaction of its own that is READ COMMITTED and has changed nothing';
    end if;
    if not exists (select from audit_chain c where c.through < taken) then
        return 0;
    end if;
    mine := pg_current_xact_id();
    select * into chain from audit_chain for update skip locked;
    if chain.one is null or chain.through >= taken then -- another one is sealing, or has just sealed all that
        return 0;
    end if;
    -- A xid that is still to come is of the server this database was dumped from.
    if chain.barrier_id <= chain.through or chain.barrier_xid > mine then
        chain.barrier_id := taken;
        chain.barrier_xid := mine;
    end if;
    sealed := row(chain.through, chain.rows, chain.head)::chain_end;
    if all_ended_before(chain.barrier_xid) then
        sealed := seal_batch(0, sealed, chain.barrier_id, how_many);
    end if;
    update audit_chain
       set through = sealed.through, rows = sealed.rows, head = sealed.head,
           sealed_at = case when sealed.through > through then now() else sealed_at end,
           barrier_id = chain.barrier_id, barrier_xid = chain.barrier_xid;
    return sealed.rows - chain.rows;
end
$$;

-- For a restore: the number of a new segment, which its audit rows get as `origin`…
create function open_audit_segment() returns bigint
language sql as $$
    select nextval('smartflow.audit_segments_id_seq')
$$;

-- …and, once they are in, the segment itself, sealed. A segment without rows is one too.
create function close_audit_segment(segment bigint, exported_at timestamptz, file_sha256 bytea) returns audit_segments
language plpgsql as $$
declare
    at chain_end := row(0, 0, decode(repeat('00', 32), 'hex'))::chain_end;
    last bigint := coalesce((select max(origin_id) from audit_log where origin = segment), 0);
    closed audit_segments;
begin
    while at.through < last loop
        at := seal_batch(segment, at, last, 5000);
    end loop;
    insert into audit_segments (id, exported_at, file_sha256, rows, through, head)
    values (segment, close_audit_segment.exported_at, close_audit_segment.file_sha256, at.rows, at.through, at.head)
    returning * into closed;
    return closed;
end
$$;

-- The end of every chain, to be kept elsewhere: who recomputes a chain can't recompute that.
create function audit_head() returns json
language sql stable security definer set search_path = smartflow_api, smartflow, pg_temp as $$
    select concat('{"through":', c.through, ',"rows":', c.rows, ',"hash":"', encode(c.head, 'hex'), '","segments":[',
        (select string_agg(concat('{"origin":', s.id, ',"through":', s.through, ',"rows":', s.rows,
                                  ',"hash":"', encode(s.head, 'hex'), '"}'), ',' order by s.id)
           from audit_segments s), ']}')::json
      from audit_chain c
$$;

-- Ids of a chain for the reader of a violation.
create function chain_ids(of bigint, ids bigint[]) returns jsonb
language sql immutable as $$
    select case of when 0 then '{}' else jsonb_build_object('origin', of) end || jsonb_build_object('auditLogs', ids)
$$;

-- What became of a sealed batch whose rows aren't what they were.
create function seal_violations(s audit_seals, ids bigint[], digests bytea[])
returns table (named jsonb, problem text)
language sql stable as $$
    with sealed as (
        select id, substr(s.digests, 16 * place::integer - 15, 16) as digest
          from unnest(s.ids) with ordinality as i (id, place)
    ), present as (
        select * from unnest(ids, digests) as p (id, digest)
    ), compared as (
        select id, case when p.digest is null then 'Rows were removed after they were sealed.'
                        when s.digest is null then 'Rows were slipped in among sealed ones.'
                        else 'Rows were changed after they were sealed.' end as problem
          from sealed s full join present p using (id)
         where s.digest is distinct from substr(p.digest, 1, 16)
    )
    select chain_ids(s.origin, array_agg(id order by id)), problem from compared group by problem order by problem
$$;

-- Recomputes a chain from the rows, batch by batch, and compares with its seals and with its end.
create function chain_violations(of bigint, stated chain_end) returns table (named jsonb, problem text)
language plpgsql stable as $$
declare
    seal audit_seals;
    batch record;
    at chain_end := row(0, 0, decode(repeat('00', 32), 'hex'))::chain_end;
begin
    for seal in select * from audit_seals s where s.origin = of order by s.after loop
        if seal.after <> at.through then
            return query select chain_ids(of, array[at.through, seal.after]),
                                'The seals between these two ids are gone.';
        end if;
        select * into batch from chain_rows(of, seal.after, seal.through);
        if batch.ids <> seal.ids or short_digests(batch.digests) <> seal.digests then
            return query select * from seal_violations(seal, batch.ids, batch.digests);
        elsif chained(at.head, batch.digests) <> seal.head then
            return query select chain_ids(of, array[seal.after + 1, seal.through]),
                                'The chain doesn''t hold between these two ids: a seal was changed.';
        end if;
        at := row(seal.through, at.rows + cardinality(seal.ids), seal.head)::chain_end;
    end loop;
    if at is distinct from stated then
        return query select chain_ids(of, array[at.through, stated.through]),
                            'The chain doesn''t end as it was stated: seals were removed or changed.';
    end if;
end
$$;

-- Every row that was changed, removed or slipped in after sealing, with its id (a segment's rows have
-- the ids they came with). Takes memory for one batch, however long the trail is.
create function audit_chain_violations() returns table (ids jsonb, problem text)
language plpgsql stable as $$
declare
    chain record;
begin
    for chain in select 0 as origin, row(c.through, c.rows, c.head)::chain_end as stated
                   from (select) as always left join audit_chain c on true
                  union all
                 select s.id, row(s.through, s.rows, s.head)::chain_end from audit_segments s
                  order by 1 loop
        return query select * from chain_violations(chain.origin, chain.stated);
    end loop;
    return query
    select chain_ids(a.origin, array_agg(a.origin_id order by a.origin_id)), 'Rows were slipped in beside a segment.'
      from audit_log a left join audit_segments s on s.id = a.origin
     where a.origin is not null and (s.id is null or a.origin_id > s.through)
     group by a.origin;
end
$$;

create trigger append_only before update or delete or truncate on audit_segments
    for each statement execute function refuse_change();
create trigger append_only before update or delete or truncate on audit_seals
    for each statement execute function refuse_change();
