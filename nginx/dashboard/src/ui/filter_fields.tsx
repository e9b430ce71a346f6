// The controls above a list by which it is filtered.
import type { ReactNode } from "react";
import type { Filters } from "./filters";

/// The days a list is about.
export function DayRange({ filters }: { filters: Filters }) {
    return (
        <>
            <label className="check">
                From <input type="date" {...filters.field("from")} />
            </label>
            <label className="check">
                before <input type="date" {...filters.field("to")} />
            </label>
        </>
    );
}

interface ChipProps {
    filters: Filters;
    name: string;
    /// What the list shows without it.
    otherwise: string;
    /// What it shows now.
    children: ReactNode;
}

/// A filter that was set elsewhere, to be taken off.
export function FilterChip({ filters, name, otherwise, children }: ChipProps) {
    if (filters.get(name) === "") return null;
    return (
        <button className="button" type="button" onClick={() => filters.set({ [name]: "" })}>
            {children} <span aria-hidden="true">✕</span>
            <span className="visually-hidden">: show {otherwise}</span>
        </button>
    );
}

/// Takes all of them off.
export function ClearFilters({ filters }: { filters: Filters }) {
    if (!filters.any) return null;
    return (
        <button className="button plain" type="button" onClick={filters.clear}>
            Clear
        </button>
    );
}
