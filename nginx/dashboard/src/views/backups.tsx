// Backups: out of the shop, proven, and back into it.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { askTrail, useStatistics, type AuditLog, type Statistics } from "../api/admin";
import { bodyOf } from "../api/client";
import { useHere } from "../format";
import { Failure, Loading, useTitle } from "../ui/states";
import { Download, TransferProgress, useDownload } from "../ui/transfer";
import { BackupFile } from "./backup_file";

interface KeptProps {
    name: string;
    /// Undefined while it isn't known yet.
    kept: Statistics["lastExport"] | undefined;
    none: string;
}

function Kept({ name, kept, none }: KeptProps) {
    const { format } = useHere();
    const age = kept === undefined ? "…" : kept === null ? none : format.ago(kept.at);
    return (
        <div className="card figure kept">
            <p className="soft">{name}</p>
            <p className="value">{age}</p>
            {kept && (
                <p className="soft small">
                    {format.moment(kept.at)} · {format.bytes(kept.bytes)} ·{" "}
                    <span title={kept.sha256}>SHA-256 {kept.sha256.slice(0, 12)}…</span>
                    {kept.provenAt === null
                        ? " · not proven yet"
                        : ` · proven ${format.moment(kept.provenAt)}`}
                </p>
            )}
        </div>
    );
}

function Last({ statistics }: { statistics: Statistics | undefined }) {
    return (
        <section className="pair" aria-label="The last backups">
            <Kept name="Last export" kept={statistics?.lastExport} none="never" />
            <Kept name="Last proven backup" kept={statistics?.lastProvenBackup} none="none yet" />
        </section>
    );
}

function useBackupsChanged(): () => void {
    const client = useQueryClient();
    return () => {
        for (const name of ["statistics", "backups", "health", "trail"]) {
            void client.invalidateQueries({ queryKey: [name] });
        }
    };
}

function Export({ expected }: { expected: number | undefined }) {
    const [secrets, setSecrets] = useState(false);
    const { progress, start, stop } = useDownload(useBackupsChanged());
    const path = `/api/admin/backup?action=export-json${secrets ? "&secrets=include" : ""}`;
    return (
        <section className="card" aria-labelledby="export">
            <h2 id="export">Export</h2>
            <div className="form">
                <p className="soft">
                    Everything as of one moment, in one file: users, products, orders, rules, their runs,
                    notifications, ledger and audit trail. Prove it, and keep it somewhere else.
                </p>
                <label className="check">
                    <input
                        type="checkbox"
                        checked={secrets}
                        disabled={progress !== null}
                        onChange={(event) => setSecrets(event.target.checked)}
                    />
                    With password hashes
                </label>
                {secrets && (
                    <p className="note warn">
                        For moving the shop: people then keep their passwords. Guard the file like the
                        passwords themselves.
                    </p>
                )}
                {progress === null ? (
                    <div className="actions">
                        <button className="button primary" type="button" onClick={() => start(path)}>
                            Download a backup
                        </button>
                    </div>
                ) : (
                    <TransferProgress
                        progress={progress}
                        working="Preparing"
                        expected={expected}
                        stop={stop}
                    />
                )}
            </div>
        </section>
    );
}

function Spreadsheets() {
    return (
        <section className="card" aria-labelledby="spreadsheets">
            <h2 id="spreadsheets">Spreadsheets</h2>
            <div className="form">
                <p className="soft">
                    Products come back changed, and are shown before anything happens. Orders are a row for
                    each line.
                </p>
                <div className="actions">
                    <Download path="/api/admin/backup?action=export-products-csv">Products as CSV</Download>
                    <Download path="/api/admin/backup?action=export-orders-csv">Orders as CSV</Download>
                    <Link className="button" to="/admin/import">
                        Import products
                    </Link>
                </div>
            </div>
        </section>
    );
}

/// What a row of the trail says of a backup.
function outcomeOf({ action, changes }: AuditLog): string {
    const after = (field: string) => changes[field]?.to;
    if (action === "verify") return after("ok") === true ? "proven" : "not restorable";
    if (action === "restore")
        return after("replace") === true ? "in place of what was here" : "into an empty shop";
    const what = after("what");
    if (typeof what === "string") return what.replace("-csv", " as CSV");
    return after("secrets") === "include" ? "with password hashes" : "everything";
}

const names: Partial<Record<AuditLog["action"], string>> = {
    export: "Export",
    verify: "Check",
    restore: "Restore",
};

const historyRows = 12;

function History() {
    const { format } = useHere();
    const history = useQuery({
        queryKey: ["backups", "history"],
        queryFn: ({ signal }) => bodyOf(askTrail({ entity: "backup", limit: historyRows }, signal)),
    });
    return (
        <section className="card" aria-labelledby="history">
            <div className="card-head">
                <h2 id="history">History</h2>
                <Link to="/admin/trail?entity=backup">All</Link>
            </div>
            {history.isPending && <Loading />}
            {history.isError && <Failure reason={history.error} again={() => void history.refetch()} />}
            {history.data?.length === 0 && (
                <p className="soft">
                    Nobody has exported, verified or restored anything by the shop’s pages.
                </p>
            )}
            <ul className="rows texts">
                {history.data?.map((entry) => (
                    <li key={`${entry.origin ?? 0}.${entry.id}`}>
                        <span>
                            {names[entry.action] ?? entry.action}: {outcomeOf(entry)}
                        </span>
                        <span className="soft">
                            {entry.user?.username ?? "the command line"} · {format.moment(entry.timestamp)}
                        </span>
                    </li>
                ))}
            </ul>
        </section>
    );
}

export default function Backups() {
    useTitle("Backups");
    const statistics = useStatistics();
    const changed = useBackupsChanged();
    return (
        <div className="view">
            <h1>Backups</h1>
            {statistics.isError ? (
                <Failure reason={statistics.error} again={() => void statistics.refetch()} />
            ) : (
                <Last statistics={statistics.data} />
            )}
            <div className="pair">
                <div className="stack">
                    <Export expected={statistics.data?.lastExport?.bytes} />
                    <Spreadsheets />
                </div>
                <div className="stack">
                    <BackupFile changed={changed} />
                    <History />
                </div>
            </div>
        </div>
    );
}
