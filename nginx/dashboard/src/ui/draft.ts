// What was typed and not yet saved stays with the window, through a reload and other views.
import { useState } from "react";

/// A value that outlives its view until it is saved: like useState, and a function that forgets it.
export function useDraft<T>(name: string, initial: () => T): [T, (next: T) => void, () => void] {
    const key = `smartflow-draft-${name}`;
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
    return [value, change, forget];
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
