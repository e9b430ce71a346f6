// One entry of the audit trail: every field before and after.
import { Link } from "react-router";
import { useUsers, type AuditLog } from "../api/admin";
import { useHere } from "../format";
import { Dialog } from "../ui/dialog";
import { deedOf, fieldLabel, linesOf } from "./trail_words";

/// A line with what differs from the other marked, where the two have something in common.
function Marked({ line, other, as: Mark }: { line: string; other: string | undefined; as: "del" | "ins" }) {
    const [mine, theirs] = [Array.from(line), Array.from(other ?? "")];
    const shorter = Math.min(mine.length, theirs.length);
    let start = 0;
    while (start < shorter && mine[start] === theirs[start]) start += 1;
    let end = 0;
    while (end < shorter - start && mine.at(-1 - end) === theirs.at(-1 - end)) end += 1;
    if (start + end === mine.length && start + end < theirs.length) return line; // only the other has more
    return (
        <>
            {mine.slice(0, start).join("")}
            <Mark>{mine.slice(start, mine.length - end).join("")}</Mark>
            {mine.slice(mine.length - end).join("")}
        </>
    );
}

interface SideProps {
    lines: string[];
    others: string[];
    as: "del" | "ins";
}

/// One side's lines. Those that the other side lacks are marked; of single lines, what differs in them.
function Side({ lines, others, as }: SideProps) {
    if (lines.length === 0) return <span className="soft">nothing</span>;
    const single = lines.length === 1 && others.length === 1;
    return lines.map((line, index) => (
        // Lines may repeat and never move.
        <p key={index}>
            {others.includes(line) ? line : <Marked line={line} other={single ? others[0] : ""} as={as} />}
        </p>
    ));
}

function useNames(): (id: number) => string {
    const users = useUsers();
    return (id) => users.data?.find((user) => user.id === id)?.name ?? `User #${id}`;
}

function Difference({ entry }: { entry: AuditLog }) {
    const { format } = useHere();
    const names = useNames();
    const fields = Object.entries(entry.changes).map(([field, { from, to }]) => ({
        field,
        before: linesOf(field, from, format, names),
        after: linesOf(field, to, format, names),
    }));
    if (fields.length === 0) return <p className="soft">Nothing of it has a before and an after.</p>;
    const both = fields.some(({ before }) => before.length > 0);
    return (
        <table className="plain-table difference">
            <thead>
                <tr>
                    <th scope="col">Field</th>
                    {both && <th scope="col">Before</th>}
                    <th scope="col">{both ? "After" : "Value"}</th>
                </tr>
            </thead>
            <tbody>
                {fields.map(({ field, before, after }) => (
                    <tr key={field}>
                        <th scope="row">{fieldLabel(field)}</th>
                        {both && (
                            <td>
                                <Side lines={before} others={after} as="del" />
                            </td>
                        )}
                        <td>
                            {both ? <Side lines={after} others={before} as="ins" /> : after.join("\n") || "–"}
                        </td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

/// Where what an entry is about can be seen, if it is still there.
function addressOf({ entity, entityId, action }: AuditLog): string | null {
    if (entityId === null || action === "delete") return null;
    if (entity === "product") return `/products/${entityId}`;
    if (entity === "order") return `/orders/${entityId}`;
    if (entity === "workflow") return `/workflows/${entityId}`;
    return entity === "user" ? `/admin/users/${entityId}` : null;
}

export function TrailEntry({ entry, close }: { entry: AuditLog; close: () => void }) {
    const { format } = useHere();
    const { entity, entityId, user, timestamp, requestId, address, origin, id } = entry;
    const where = addressOf(entry);
    return (
        <Dialog title={`${user?.username ?? "Nobody logged in"} ${deedOf(entry)}`} close={close}>
            <div className="form entry">
                <Difference entry={entry} />
                <dl className="facts">
                    <dt>When</dt>
                    <dd>{format.moment(timestamp)}</dd>
                    {user !== null && (
                        <>
                            <dt>Role then</dt>
                            <dd>{user.role}</dd>
                        </>
                    )}
                    <dt>Address</dt>
                    <dd>{address ?? "on the shop’s own machine"}</dd>
                    <dt>Request</dt>
                    <dd>
                        <code>{requestId ?? "none"}</code>
                    </dd>
                    <dt>Entry</dt>
                    <dd>
                        {id}
                        {origin !== null && ` of the trail that restore ${origin} brought`}
                    </dd>
                </dl>
                <div className="actions">
                    {where !== null && (
                        <Link className="button" to={where}>
                            Look at it
                        </Link>
                    )}
                    {entityId !== null && (
                        <Link
                            className="button"
                            to={`/admin/trail?entity=${entity}&entityId=${entityId}`}
                            onClick={close}
                        >
                            All about {entity} #{entityId}
                        </Link>
                    )}
                    <button className="button primary" type="button" onClick={close}>
                        Close
                    </button>
                </div>
            </div>
        </Dialog>
    );
}
