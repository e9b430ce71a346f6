// What was typed and not yet saved stays with the window, through a reload and other views.
import { useState } from "react";
import { useToasts } from "./toasts";

interface Draft<T> {
    value: T;
    change: (next: T) => void;
    /// When it was saved.
    forget: () => void;
    /// When it is given up; what was typed comes back by an undo.
    discard: () => void;
}

/// A value that outlives its view until it is saved.
export function useDraft<T>(name: string, initial: () => T): Draft<T> {
    const key = `smartflow-draft-${name}`;
    const { say } = useToasts();
    const [value, setValue] = useState<T>(() => {
        try {
            const kept = sessionStorage.getItem(key);
            return kept === null ? initial() : (JSON.parse(kept) as T);
        } catch {
            return initial(); // a browser that keeps nothing, or something that isn't ours
        }
    });
    const change = (next: T) => {
        setValue(next);
        try {
            sessionStorage.setItem(key, JSON.stringify(next));
        } catch {
            // It lasts as long as the view, then.
        }
    };
    const forget = () => {
        try {
            sessionStorage.removeItem(key);
        } catch {
            // Nothing was kept.
        }
        setValue(initial());
    };
    const discard = () => {
        forget();
        if (JSON.stringify(value) === JSON.stringify(initial())) return;
        const { hash } = window.location;
        say("What you had typed was discarded.", () => {
            change(value);
            window.location.hash = hash; // where it was typed
        });
    };
    return { value, change, forget, discard };
}

/// Forgets everything: somebody else may come next.
export function forgetDrafts(): void {
    try {
        for (const key of Object.keys(sessionStorage)) {
            if (key.startsWith("smartflow-draft-")) sessionStorage.removeItem(key);
        }
    } catch {
        // Nothing was kept.
    }
}
