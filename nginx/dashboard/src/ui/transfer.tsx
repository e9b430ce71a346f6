// A file on its way, as people see it.
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError } from "../api/client";
import { useTransfer, type Progress, type Transferring } from "../api/transfer";
import { useHere } from "../format";
import { useToasts } from "./toasts";

interface ProgressProps {
    progress: Progress;
    /// What it does while nothing comes and goes: "Checking".
    working: string;
    /// How large it will be, where only a guess is to be had.
    expected?: number | undefined;
    stop?: (() => void) | undefined;
}

function partOf({ stage, bytes, total }: Progress, expected: number | undefined): number | undefined {
    const all = total ?? expected;
    // A bar that is full and goes on says nothing.
    return stage === "working" || all === undefined || all === 0 || bytes >= all ? undefined : bytes / all;
}

/// A bar, and how much of it there is.
export function TransferProgress({ progress, working, expected, stop }: ProgressProps) {
    const { format } = useHere();
    const { stage, bytes, total } = progress;
    const verb = { sending: "Sending", working, receiving: "Receiving" }[stage];
    const amount = total === null ? format.bytes(bytes) : `${format.bytes(bytes)} of ${format.bytes(total)}`;
    return (
        <div className="transfer">
            <progress aria-label={verb} value={partOf(progress, expected)} />
            <span className="soft">{stage === "working" ? `${verb}…` : `${verb}… ${amount}`}</span>
            {stop && (
                <button className="button plain" type="button" onClick={stop}>
                    Stop
                </button>
            )}
        </div>
    );
}

/// A transfer that a button starts; what is refused is said, what was stopped isn't.
export function useDownload(done?: () => void): Transferring & { start: (path: string) => void } {
    const transferring = useTransfer();
    const { complain, say } = useToasts();
    const { mutate } = useMutation({
        mutationFn: transferring.download,
        onSuccess: () => {
            say("The file came whole; it is among your downloads.");
            done?.();
        },
        onError: (reason) => {
            if (!(reason instanceof ApiError && reason.code === "STOPPED")) complain(reason);
        },
    });
    return { ...transferring, start: mutate };
}

/// A button for a file that the shop makes.
export function Download({ path, children }: { path: string; children: ReactNode }) {
    const { progress, start, stop } = useDownload();
    if (progress !== null) return <TransferProgress progress={progress} working="Preparing" stop={stop} />;
    return (
        <button className="button" type="button" onClick={() => start(path)}>
            {children}
        </button>
    );
}
