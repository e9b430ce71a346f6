// The audit trail: who did what, to what, when, and how it was before.
import { useState } from "react";
import { askTrail, trailFilters, useUsers, type AuditLog } from "../api/admin";
import { useList } from "../api/lists";
import { useHere, type Format } from "../format";
import { ClearFilters, DayRange } from "../ui/filter_fields";
import { useFilters, type Filters } from "../ui/filters";
import { ListHead } from "../ui/head";
import { Rows, type Column } from "../ui/rows";
import { useTitle } from "../ui/states";
import { Download } from "../ui/transfer";
import { TrailEntry } from "./trail_entry";
import { CheckSeals, Seals } from "./trail_seals";
import { deedOf, fieldLabel, verbs } from "./trail_words";

const entities = ["product", "order", "workflow", "user", "token", "session", "backup"] as const;

function columnsFor(format: Format, open: (entry: AuditLog) => void): Column<AuditLog>[] {
    return [
        {
            name: "When",
            className: "wide w-moment soft",
            cell: ({ timestamp }) => format.moment(timestamp),
        },
        {
            name: "Who",
            className: "wide w-m",
            cell: ({ user }) => user?.username ?? <span className="soft">–</span>,
        },
        {
            name: "What",
            className: "w-l",
            cell: (entry) => (
                <button className="row-button" type="button" onClick={() => open(entry)}>
                    <span className="phone-only">{entry.user?.username ?? "–"} </span>
                    {deedOf(entry)}
                    <span className="phone-only soft small">
                        <br />
                        {format.moment(entry.timestamp)}
                    </span>
                </button>
            ),
        },
        {
            name: "Fields",
            className: "wide soft",
            cell: ({ changes, origin }) => (
                <>
                    {origin !== null && <span className="badge">restored</span>}{" "}
                    {Object.keys(changes).map(fieldLabel).join(", ")}
                </>
            ),
        },
    ];
}

/// What the address asks for.
function queryOf(filters: Filters): Record<string, string> {
    return Object.fromEntries(
        trailFilters.map((name) => [name, filters.get(name)]).filter(([, value]) => value !== ""),
    ) as Record<string, string>;
}

function TrailFilters({ filters }: { filters: Filters }) {
    const users = useUsers();
    const { field } = filters;
    const who = filters.get("user");
    return (
        <div className="filters" role="search">
            <select aria-label="Who" {...field("user")} className="input who">
                <option value="">Anybody</option>
                {who !== "" && !users.data?.some(({ id }) => String(id) === who) && (
                    <option value={who}>User #{who}</option>
                )}
                {users.data?.map(({ id, name, username }) => (
                    <option key={id} value={id}>
                        {name === username ? name : `${name} (${username})`}
                    </option>
                ))}
            </select>
            <select aria-label="What was done" {...field("actionType")}>
                <option value="">Did anything</option>
                {Object.entries(verbs).map(([action, verb]) => (
                    <option key={action} value={action}>
                        {verb}
                    </option>
                ))}
            </select>
            <select aria-label="To what" {...field("entity")}>
                <option value="">To everything</option>
                {entities.map((entity) => (
                    <option key={entity}>{entity}</option>
                ))}
            </select>
            <input
                {...field("entityId")}
                inputMode="numeric"
                size={7}
                aria-label="Its number"
                placeholder="Number"
            />
            <DayRange filters={filters} />
            <select aria-label="Written where" {...field("origin")}>
                <option value="">Here and restored</option>
                <option value="0">Written here</option>
                {Number(filters.get("origin")) > 0 && (
                    <option value={filters.get("origin")}>Restored, {filters.get("origin")}</option>
                )}
            </select>
            <ClearFilters filters={filters} />
        </div>
    );
}

export default function Trail() {
    useTitle("Audit trail");
    const { format } = useHere();
    const filters = useFilters();
    const asked = queryOf(filters);
    const [shown, setShown] = useState<AuditLog | null>(null);
    const list = useList(["trail", asked], (paging, signal) => askTrail({ ...asked, ...paging }, signal));
    const csv = new URLSearchParams({ action: "audit-logs", format: "csv", ...asked });
    return (
        <div className="view list">
            <ListHead title="Audit trail" total={list.data?.pages[0]?.total}>
                <CheckSeals />
                <Download path={`/api/admin/database?${csv.toString()}`}>Export CSV</Download>
            </ListHead>
            <Seals />
            <TrailFilters filters={filters} />
            <Rows
                label="Audit trail"
                columns={columnsFor(format, setShown)}
                query={list}
                keyOf={({ origin, id }) => `${origin ?? 0}.${id}`}
                none={<p>Nothing like that was done.</p>}
            />
            {shown && <TrailEntry entry={shown} close={() => setShown(null)} />}
        </div>
    );
}
