// A backup that comes back: first it is checked, then, where somebody wants that, restored.
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, type Schemas } from "../api/client";
import { useTransfer } from "../api/transfer";
import { useHere } from "../format";
import { FileField, unpacked } from "../ui/file";
import { Failure } from "../ui/states";
import { TransferProgress } from "../ui/transfer";
import { Counts, Restore } from "./restore";

export type Verified = Schemas["Verified"];

/// Whether it can be restored, and if not, why.
function Verdict({ verified }: { verified: Verified }) {
    if (verified.ok) {
        return (
            <div className="note good" role="status">
                <span>It can be restored: it was, into tables of its own, and every check passed there.</span>
                <Counts counts={verified.counts} />
            </div>
        );
    }
    return (
        <div className="note bad" role="alert">
            <span>It can’t be restored as it is:</span>
            <ul>
                {verified.problems.map((problem) => (
                    <li key={problem}>{problem}</li>
                ))}
            </ul>
        </div>
    );
}

/// \throws ApiError
function useVerifying(changed: () => void) {
    const { progress, ask, stop } = useTransfer();
    const [unpacking, setUnpacking] = useState(false);
    const verify = useMutation({
        mutationFn: async (chosen: File) => {
            setUnpacking(true);
            const file = await unpacked(chosen).finally(() => setUnpacking(false));
            const verified = (await ask({
                method: "POST",
                path: "/api/admin/backup?action=verify",
                file,
                type: "application/json",
            })) as Verified;
            return { file, verified };
        },
        onSuccess: changed,
    });
    return { verify, progress, stop, unpacking };
}

export function BackupFile({ changed }: { changed: () => void }) {
    const { format } = useHere();
    const [restoring, setRestoring] = useState(false);
    const [chosen, setChosen] = useState<File | null>(null);
    const { verify, progress, stop, unpacking } = useVerifying(changed);
    const stopped = verify.error instanceof ApiError && verify.error.code === "STOPPED";
    return (
        <section className="card" aria-labelledby="check">
            <h2 id="check">Check or restore a file</h2>
            <div className="form">
                <FileField
                    label="Backup"
                    accept=".json,.gz,application/json,application/gzip"
                    hint="Nothing is changed by the check. An export of this shop counts as proven after it."
                    disabled={verify.isPending}
                    choose={(file) => {
                        setChosen(file);
                        verify.reset();
                        if (file !== null) verify.mutate(file);
                    }}
                />
                {unpacking && <p className="soft">Unpacking…</p>}
                {progress && (
                    <TransferProgress
                        progress={progress}
                        working="Restoring it aside and checking"
                        stop={stop}
                    />
                )}
                {verify.isError && !stopped && (
                    <Failure reason={verify.error} again={() => chosen && verify.mutate(chosen)} />
                )}
                {verify.data && chosen && (
                    <>
                        <p className="soft">
                            {chosen.name}, {format.bytes(chosen.size)}
                        </p>
                        <Verdict verified={verify.data.verified} />
                    </>
                )}
                {verify.data?.verified.ok && (
                    <div className="actions">
                        <button className="button danger" type="button" onClick={() => setRestoring(true)}>
                            Restore it…
                        </button>
                    </div>
                )}
                {restoring && verify.data && (
                    <Restore
                        file={verify.data.file}
                        counts={verify.data.verified.counts}
                        close={() => setRestoring(false)}
                    />
                )}
            </div>
        </section>
    );
}
