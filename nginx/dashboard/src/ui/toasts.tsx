// Short words about what has just happened, said to screen readers too.
import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from "react";
import { ApiError } from "../api/client";

interface Toast {
    id: number;
    text: string;
    bad: boolean;
    undo?: (() => void) | undefined;
}

interface Toasts {
    /// Says what was done, with a way back where there is one.
    say: (text: string, undo?: () => void) => void;
    /// Says why not, in the server's words.
    complain: (reason: unknown) => void;
}

const ToastsContext = createContext<Toasts>({ say: () => {}, complain: () => {} });

/// What went wrong, in words for people; details too, for there is no field to show them at.
export function wordsOf(reason: unknown): string {
    if (!(reason instanceof ApiError)) return "Something unexpected went wrong in this page. Load it again.";
    const details = Object.entries(reason.details).map(([field, why]) => `${field}: ${why}`);
    return [reason.message, ...details].join(" ");
}

const shownMs = 7000;

/// Where toasts are shown.
export function ToastsProvider({ children }: { children: ReactNode }) {
    const [toasts, setToasts] = useState<Toast[]>([]);
    const last = useRef(0);
    const close = useCallback((id: number) => setToasts((now) => now.filter((toast) => toast.id !== id)), []);
    const add = useCallback(
        (toast: Omit<Toast, "id">) => {
            const id = ++last.current;
            setToasts((now) => [...now.slice(-2), { ...toast, id }]);
            // What went wrong stays until somebody has read it.
            if (!toast.bad) window.setTimeout(() => close(id), shownMs);
        },
        [close],
    );
    const value = useMemo<Toasts>(
        () => ({
            say: (text, undo) => add({ text, bad: false, undo }),
            complain: (reason) => {
                if (!(reason instanceof ApiError)) console.error(reason);
                add({ text: wordsOf(reason), bad: true });
            },
        }),
        [add],
    );
    return (
        <ToastsContext value={value}>
            {children}
            <div className="toasts" role="status">
                {toasts.map(({ id, text, bad, undo }) => (
                    <div key={id} className={bad ? "toast bad" : "toast"}>
                        <span>{text}</span>
                        {undo && (
                            <button
                                className="button plain"
                                type="button"
                                onClick={() => {
                                    close(id);
                                    undo();
                                }}
                            >
                                Undo
                            </button>
                        )}
                        <button
                            className="button plain"
                            type="button"
                            aria-label="Close"
                            onClick={() => close(id)}
                        >
                            ✕
                        </button>
                    </div>
                ))}
            </div>
        </ToastsContext>
    );
}

/// To say what has happened.
export function useToasts(): Toasts {
    return useContext(ToastsContext);
}
