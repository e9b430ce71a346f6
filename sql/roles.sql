-- Who may do what: one role per family (`smartflow_products`, …) that can call its own family's
-- functions and nothing else. Run by the owner at the end of every migrate, in the transaction that
-- made the functions. `:families` becomes an array of the families' names.
--
-- Where the owner may not create roles, as on a shared host with a single login, those that are
-- missing are left out and the programs connect as the owner. A role has no password here: it
-- comes in by the server's peer authentication, or an administrator sets one. Roles belong to the
-- whole server: two shops on one server share them, so give each a server or a login of its own.

do $$
declare
    family      text;
    role_name   text;
    routine     record;
    may_create  boolean := (select rolsuper or rolcreaterole from pg_roles
                             where rolname = current_user);
    owns_all    boolean := (select pg_has_role(datdba, 'usage') from pg_database
                             where datname = current_database());
    owns_public boolean := coalesce((select pg_has_role(nspowner, 'usage') from pg_namespace
                                      where nspname = 'public'), false);
begin
    -- What PostgreSQL gives to everybody. Functions made by an extension belong to others: they are
    -- out of reach all the same, since nobody else may use the schema.
    revoke all on schema smartflow, smartflow_api from public;
    revoke all on all tables in schema smartflow, smartflow_api from public;
    for routine in
        select p.oid::regprocedure as signature from pg_proc p
         where p.pronamespace in ('smartflow'::regnamespace, 'smartflow_api'::regnamespace)
           and pg_has_role(p.proowner, 'usage')
    loop
        execute format('revoke all on routine %s from public', routine.signature);
    end loop;
    if owns_all then
        execute format('revoke create, temporary on database %I from public', current_database());
    end if;
    if owns_public then
        revoke create on schema public from public;
    end if;

    foreach family in array :families loop
        role_name := 'smartflow_' || family;
        if to_regrole(role_name) is null then
            continue when not may_create;
            begin
                execute format('create role %I login noinherit', role_name);
            exception when duplicate_object or unique_violation then
                null; -- another shop's migration on this server was faster
            end;
        end if;
        execute format('revoke all on all tables in schema smartflow, smartflow_api from %I',
                       role_name);
        execute format('revoke all on schema smartflow from %I', role_name);
        execute format('grant usage on schema smartflow_api to %I', role_name);
        if owns_all then
            execute format('grant connect on database %I to %I', current_database(), role_name);
        end if;
        -- A function belongs to the family whose name is the longest that its own begins with;
        -- `any_…` is for all of them; what belongs to none is for other functions and the owner.
        for routine in
            select p.oid::regprocedure as signature from pg_proc p
             where p.pronamespace = 'smartflow_api'::regnamespace
               and (starts_with(p.proname, 'any_')
                    or family = (select f from unnest(:families) f
                                  where starts_with(p.proname, f || '_')
                                  order by length(f) desc limit 1))
        loop
            execute format('grant execute on routine %s to %I', routine.signature, role_name);
        end loop;
    end loop;
end
$$;
