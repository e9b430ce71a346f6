// How the shop is: what is fine, what isn't, what to do about it; what it was made by, and how much it holds.
import { useQuery } from "@tanstack/react-query";
import { useStatistics } from "../api/admin";
import { api, bodyOf, type Schemas } from "../api/client";
import { useHealth } from "../api/health";
import { useHere } from "../format";
import { Failure, Loading, useTitle } from "../ui/states";
import { Books } from "./health_books";
import { Checks, useAlive } from "./health_checks";

type History = Schemas["MigrationHistory"];

function Migrations() {
    const { format } = useHere();
    const history = useQuery({
        queryKey: ["migrations"],
        queryFn: async ({ signal }) =>
            (await bodyOf(
                api.GET("/api/admin/backup", { params: { query: { action: "migration-history" } }, signal }),
            )) as History,
    });
    return (
        <section className="card" aria-labelledby="migrations">
            <h2 id="migrations">Migrations of the database</h2>
            {history.isPending && <Loading />}
            {history.isError && <Failure reason={history.error} again={() => void history.refetch()} />}
            {history.data && (
                <table className="plain-table">
                    <thead>
                        <tr>
                            <th scope="col" className="number w-id">
                                Version
                            </th>
                            <th scope="col">Name</th>
                            <th scope="col">Status</th>
                            <th scope="col" className="wide">
                                When
                            </th>
                            <th scope="col" className="wide number w-s">
                                Took
                            </th>
                        </tr>
                    </thead>
                    <tbody>
                        {[...history.data].reverse().map((migration, index) => (
                            // A version may have been tried more than once.
                            <tr key={index}>
                                <td className="number">{migration.version}</td>
                                <td title={`SHA-256 ${migration.checksum}`}>{migration.name}</td>
                                <td>
                                    <span
                                        className={`badge ${migration.status === "applied" ? "good" : "bad"}`}
                                    >
                                        {migration.status}
                                    </span>
                                    {migration.error !== null && <p className="wrong">{migration.error}</p>}
                                </td>
                                <td className="wide" title={format.moment(migration.startedAt)}>
                                    {format.day(migration.startedAt)}
                                </td>
                                <td className="wide number">{format.count(migration.durationMs)} ms</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            )}
        </section>
    );
}

const resources = {
    products: "Products",
    orders: "Orders",
    movements: "Ledger",
    users: "Users",
    workflows: "Rules",
    runs: "Runs of rules",
    notifications: "Notifications",
    auditLogs: "Audit trail",
} as const;

function Stored() {
    const { format } = useHere();
    const statistics = useStatistics();
    return (
        <section className="card" aria-labelledby="stored">
            <h2 id="stored">What is stored</h2>
            {statistics.isPending && <Loading />}
            {statistics.isError && (
                <Failure reason={statistics.error} again={() => void statistics.refetch()} />
            )}
            {statistics.data && (
                <table className="plain-table">
                    <thead>
                        <tr>
                            <th scope="col">What</th>
                            <th scope="col" className="number w-s">
                                Rows
                            </th>
                            <th scope="col" className="number w-s">
                                Size
                            </th>
                            <th scope="col" className="wide number">
                                Oldest
                            </th>
                            <th scope="col" className="wide number">
                                Newest
                            </th>
                        </tr>
                    </thead>
                    <tbody>
                        {(Object.keys(resources) as (keyof typeof resources)[]).map((name) => {
                            const { rows, bytes, oldest, newest } = statistics.data.resources[name];
                            return (
                                <tr key={name}>
                                    <th scope="row">{resources[name]}</th>
                                    <td className="number">{format.count(rows)}</td>
                                    <td className="number">{format.bytes(bytes)}</td>
                                    <td className="wide number">{oldest && format.day(oldest)}</td>
                                    <td className="wide number">{newest && format.day(newest)}</td>
                                </tr>
                            );
                        })}
                    </tbody>
                </table>
            )}
        </section>
    );
}

const words = {
    healthy: { tone: "good", text: "All is well: there is nothing to do." },
    degraded: { tone: "warn", text: "The shop serves, and something wants your attention." },
    unhealthy: { tone: "bad", text: "The shop can’t serve as it should." },
} as const;

export default function Health() {
    useTitle("Health");
    const { format } = useHere();
    const health = useHealth();
    const isPending = [health, useAlive()].some((query) => query.isPending);
    const data = isPending ? undefined : health.data;
    return (
        <div className="view">
            <div className="view-head">
                <div className="view-title">
                    <h1>Health</h1>
                    {data && <span className={`badge ${words[data.status].tone}`}>{data.status}</span>}
                </div>
                {data && <span className="soft">Looked at {format.ago(data.checkedAt)}</span>}
            </div>
            {isPending && <Loading />}
            {health.isError && <Failure reason={health.error} again={() => void health.refetch()} />}
            {data && (
                <>
                    <p>{words[data.status].text}</p>
                    <Checks health={data} />
                </>
            )}
            {/* Not before what stands above: nothing moves under anybody's finger. */}
            {!isPending && (
                <>
                    <Books />
                    <div className="pair tables">
                        <Stored />
                        <Migrations />
                    </div>
                </>
            )}
        </div>
    );
}
