// Puts a backup into the shop, in place of what is there.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useStatistics, type Statistics } from "../api/admin";
import { api, ApiError, bodyOf, newKey, type Schemas } from "../api/client";
import { useTransfer } from "../api/transfer";
import { useHere } from "../format";
import { Dialog } from "../ui/dialog";
import { forgetDrafts } from "../ui/draft";
import { TextField } from "../ui/field";
import { Failure, Loading } from "../ui/states";
import { TransferProgress } from "../ui/transfer";
import { LoginForm } from "./login";

type Restored = Schemas["Restored"];

const sections = {
    users: "users",
    products: "products",
    orders: "orders",
    workflows: "rules",
    runs: "runs of rules",
    notifications: "notifications",
    movements: "rows of the ledger",
    auditLogs: "entries of the audit trail",
};

/// How much is in a file.
export function Counts({ counts }: { counts: Record<string, number> }) {
    const { format } = useHere();
    return (
        <span className="soft">
            {Object.entries(sections)
                .filter(([section]) => section in counts)
                .map(([section, words]) => `${format.count(counts[section] ?? 0)} ${words}`)
                .join(", ")}
        </span>
    );
}

const freshMs = 10 * 60_000; // the server asks for fifteen minutes; the file needs some of them

/// Whether this session began just now: only then may it restore.
function useFreshLogin() {
    return useQuery({
        queryKey: ["sessions", "fresh"],
        queryFn: async ({ signal }) => {
            const sessions = await bodyOf(api.GET("/api/auth/sessions", { signal }));
            const mine = sessions.find(({ current }) => current);
            return mine !== undefined && Date.parse(mine.createdAt) > Date.now() - freshMs;
        },
        gcTime: 0,
    });
}

function useRestoring(file: Blob, replace: boolean) {
    const client = useQueryClient();
    const { progress, ask, stop } = useTransfer();
    const key = useRef(newKey()); // however often it is sent, it happens once
    const restore = useMutation({
        mutationFn: async () =>
            (await ask({
                method: "POST",
                path: `/api/admin/backup?action=restore${replace ? "&replace=true" : ""}`,
                file,
                type: "application/json",
                key: key.current,
            })) as Restored,
        onSuccess: () => {
            // What was typed and what was read belong to the shop of before; so may the session.
            forgetDrafts();
            client.removeQueries({ queryKey: ["integrity"] });
            void client.invalidateQueries();
        },
        onError: (reason) => {
            if (reason instanceof ApiError && reason.code === "FORBIDDEN") {
                client.setQueryData(["sessions", "fresh"], false);
            }
        },
    });
    return { restore, progress, stop };
}

function Done({ restored, close }: { restored: Restored; close: () => void }) {
    const { format } = useHere();
    return (
        <div className="form">
            <div className="note good" role="status">
                <span>The shop is as it was on {format.moment(restored.exportedAt)}.</span>
                <Counts counts={restored.restored} />
            </div>
            <ul className="plain-list soft">
                <li>
                    Who was a user here before keeps their password, and their role and name are the file’s.
                </li>
                <li>Who came without a password hash can’t log in until you set a password, under Users.</li>
                <li>The file’s audit trail stands beside the one from here; nothing of either is gone.</li>
                <li>Lists and links that others have open show the shop of before until they load again.</li>
            </ul>
            <div className="actions">
                <button className="button primary" type="button" onClick={close}>
                    Close
                </button>
            </div>
        </div>
    );
}

interface RestoreProps {
    file: Blob;
    counts: Record<string, number>;
    close: () => void;
}

interface Standing {
    /// What is here now.
    resources: Statistics["resources"];
}

function Warning({ counts, resources }: Pick<RestoreProps, "counts"> & Standing) {
    const { format } = useHere();
    const { products, orders, workflows } = resources;
    return (
        <>
            <p className="note bad">
                <span>
                    The {format.count(products.rows)} products, {format.count(orders.rows)} orders and{" "}
                    {format.count(workflows.rows)} rules that are here now <strong>are gone then</strong>,
                    with everything that was sold since the file was made.
                </span>
            </p>
            <p>
                In their place comes what the file holds: <Counts counts={counts} />. Users that it lacks,
                ledger and audit trail stay. Download a backup of what is here first.
            </p>
        </>
    );
}

/// Warns, has it typed, restores and says what came of it.
function Steps({ file, counts, resources, close }: RestoreProps & Standing) {
    const { me } = useHere();
    const [typed, setTyped] = useState("");
    const { products, orders } = resources;
    const [replace] = useState(products.rows + orders.rows > 0); // as it was when it was asked
    const { restore, progress, stop } = useRestoring(file, replace);
    const stopped = restore.error instanceof ApiError && restore.error.code === "STOPPED";
    if (restore.data) return <Done restored={restore.data} close={close} />;
    return (
        <form
            className="form"
            noValidate
            onSubmit={(event) => {
                event.preventDefault();
                restore.mutate();
            }}
        >
            {replace ? (
                <Warning counts={counts} resources={resources} />
            ) : (
                <p>
                    The shop is empty, so nothing is lost. Into it comes: <Counts counts={counts} />.
                </p>
            )}
            <TextField
                label={`Type the shop’s name, ${me.shop.name}`}
                value={typed}
                change={setTyped}
                autoComplete="off"
                disabled={restore.isPending}
            />
            {progress && (
                <TransferProgress
                    progress={progress}
                    working="Restoring; this can’t be stopped any more"
                    stop={progress.stage === "sending" ? stop : undefined}
                />
            )}
            {restore.isError && !stopped && <Failure reason={restore.error} />}
            <div className="actions">
                <button className="button" type="button" disabled={restore.isPending} onClick={close}>
                    Cancel
                </button>
                <button
                    className="button danger"
                    disabled={restore.isPending || typed.trim() !== me.shop.name.trim()}
                >
                    {restore.isError && !stopped ? "Try again" : "Restore"}
                </button>
            </div>
        </form>
    );
}

export function Restore(props: RestoreProps) {
    const { me } = useHere();
    const client = useQueryClient();
    const fresh = useFreshLogin();
    const statistics = useStatistics();
    return (
        <Dialog title="Restore this backup?">
            {(fresh.isPending || statistics.isPending) && <Loading />}
            {[fresh, statistics].map(
                ({ isError, error, refetch }, index) =>
                    isError && <Failure key={index} reason={error} again={() => void refetch()} />,
            )}
            {fresh.data === false && (
                <div className="form">
                    <p className="soft">A restore needs a login of the last minutes: log in again.</p>
                    <LoginForm
                        username={me.user.username}
                        done={(by) => {
                            if (by.id === me.user.id) client.setQueryData(["sessions", "fresh"], true);
                            else window.location.reload(); // somebody else is here now
                        }}
                    />
                    <div className="actions">
                        <button className="button" type="button" onClick={props.close}>
                            Cancel
                        </button>
                    </div>
                </div>
            )}
            {fresh.data === true && statistics.data && (
                <Steps {...props} resources={statistics.data.resources} />
            )}
        </Dialog>
    );
}
