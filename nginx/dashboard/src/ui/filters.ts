// A list's filters live in the address, so that what one sees can be sent to somebody else.
import { useDeferredValue, useEffect, useState } from "react";
import { useSearchParams } from "react-router";

export interface Filters {
    get: (name: string) => string;
    /// Sets filters; an empty one goes.
    set: (changes: Record<string, string>) => void;
    clear: () => void;
    /// What makes an input or a select one of them.
    field: (name: string) => {
        className: string;
        value: string;
        onChange: (event: { target: { value: string } }) => void;
    };
    /// Whether any is set, the order aside.
    any: boolean;
}

/// The address's filters.
export function useFilters(): Filters {
    const [parameters, setParameters] = useSearchParams();
    const get = (name: string) => parameters.get(name) ?? "";
    const set = (changes: Record<string, string>) => {
        // What was shown last may be older than the address: two filters set at once are both kept.
        const next = new URLSearchParams(window.location.hash.split("?")[1]);
        for (const [name, value] of Object.entries(changes)) {
            if (value === "") next.delete(name);
            else next.set(name, value);
        }
        setParameters(next, { replace: true });
    };
    return {
        get,
        set,
        field: (name) => ({
            className: "input",
            value: get(name),
            onChange: (event) => set({ [name]: event.target.value }),
        }),
        clear: () => setParameters({}, { replace: true }),
        any: [...parameters.keys()].some((name) => name !== "sort"),
    };
}

const pauseMs = 200;

/// What is typed into a search, at once, and the same in the address when the typing pauses.
export function useSearchText(filters: Filters): [string, (text: string) => void] {
    const inAddress = filters.get("search");
    const [text, setText] = useState(inAddress);
    const [settled, setSettled] = useState(inAddress);
    // The address changed by itself: back, forward, a link.
    if (settled !== inAddress) {
        setSettled(inAddress);
        if (text.trim() !== inAddress) setText(inAddress);
    }
    const waiting = useDeferredValue(text).trim();
    useEffect(() => {
        if (waiting === inAddress) return undefined;
        const timer = window.setTimeout(() => filters.set({ search: waiting }), pauseMs);
        return () => window.clearTimeout(timer);
        // `filters` is new at every turn and means the same.
        // eslint-disable-next-line react-hooks/exhaustive-deps
    }, [waiting, inAddress]);
    return [text, setText];
}
