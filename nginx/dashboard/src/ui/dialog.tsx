// Dialogs, by the browser's own: it keeps the focus inside and gives it back.
import { useEffect, useId, useRef, type ReactNode } from "react";

interface DialogProps {
    title: string;
    /// At Escape. Left out: it can't be closed.
    close?: (() => void) | undefined;
    children: ReactNode;
}

/// A dialog that is open as long as it is there.
export function Dialog({ title, close, children }: DialogProps) {
    const dialog = useRef<HTMLDialogElement>(null);
    const heading = useId();
    useEffect(() => {
        const shown = dialog.current;
        shown?.showModal();
        return () => shown?.close();
    }, []);
    return (
        <dialog
            ref={dialog}
            aria-labelledby={heading}
            onCancel={(event) => {
                if (event.target !== dialog.current) return;
                event.preventDefault();
                close?.();
            }}
        >
            <h2 id={heading}>{title}</h2>
            {children}
        </dialog>
    );
}

interface ConfirmProps {
    title: string;
    children: ReactNode;
    /// What the button says it does.
    verb: string;
    danger?: boolean;
    busy?: boolean;
    confirm: () => void;
    close: () => void;
}

/// Asks before something that can't be undone.
export function Confirm({
    title,
    children,
    verb,
    danger = false,
    busy = false,
    confirm,
    close,
}: ConfirmProps) {
    return (
        <Dialog title={title} close={close}>
            <div className="form">
                {children}
                <div className="actions">
                    <button className="button" type="button" onClick={close}>
                        Cancel
                    </button>
                    <button
                        className={`button ${danger ? "danger" : "primary"}`}
                        type="button"
                        disabled={busy}
                        onClick={confirm}
                    >
                        {verb}
                    </button>
                </div>
            </div>
        </Dialog>
    );
}
