// What becomes of each row of a spreadsheet, and what is wrong with it at which column.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { useHere, type Format } from "../format";
import { LongTable, type Column } from "../ui/rows";
import type { Imported } from "./import";

type Row = Imported["rows"][number];
type Kind = Row["outcome"];

/// A row of the table: a row of the file, or one thing that is wrong with it.
interface Line {
    row: Row;
    column: string;
    reason: string;
}

const kinds: Record<Kind, { name: string; tone: string; verb: string; done: string }> = {
    error: { name: "Wrong", tone: "bad", verb: "wrong", done: "wrong" },
    create: { name: "New", tone: "good", verb: "would be created", done: "created" },
    update: { name: "Changed", tone: "accent", verb: "would be changed", done: "changed" },
    unchanged: { name: "Unchanged", tone: "", verb: "as it is", done: "as it was" },
};

function linesOf(rows: readonly Row[]): Line[] {
    return rows.flatMap((row) => {
        const errors = Object.entries(row.errors);
        return errors.length === 0
            ? [{ row, column: "", reason: "" }]
            : errors.map(([column, reason]) => ({ row, column, reason }));
    });
}

/// Of the file, as many lines as anybody looks at.
const mostLines = 2000;

/// The file's own text of those lines, so that one needn't look for them. It is read in pieces.
async function textsOf(file: File, wanted: ReadonlySet<number>): Promise<Map<number, string>> {
    const texts = new Map<number, string>();
    const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let number = 1; texts.size < wanted.size;) {
        const { value, done } = await reader.read();
        const lines = (rest + (value ?? "")).split(/\r\n|\n|\r(?!$)/);
        rest = done ? "" : (lines.pop() ?? "");
        for (const line of lines) {
            if (wanted.has(number)) texts.set(number, line);
            number += 1;
        }
        if (done) break;
    }
    void reader.cancel();
    return texts;
}

function useTexts(file: File, lines: readonly Line[]): Map<number, string> | undefined {
    const wanted = new Set(lines.slice(0, mostLines).map(({ row }) => row.line));
    const texts = useQuery({
        queryKey: ["spreadsheet", file.name, file.lastModified, file.size, [...wanted].join()],
        queryFn: () => textsOf(file, wanted),
        retry: false, // it can't be read any more: then the line's number has to do
        gcTime: 0,
    });
    return texts.data;
}

const wrongColumns: Column<Line>[] = [
    { name: "Column", className: "w-s", cell: ({ column }) => column && <code>{column}</code> },
    {
        name: "What is wrong",
        cell: ({ reason }) => (
            <span className="wrong" title={reason}>
                {reason}
            </span>
        ),
    },
];

function columnsFor(
    format: Format,
    dryRun: boolean,
    /// Whether something is wrong with some of the lines, or with all.
    wrong: { some: boolean; all: boolean },
    texts: Map<number, string> | undefined,
): Column<Line>[] {
    return [
        { name: "Line", className: "number w-id", cell: ({ row }) => format.count(row.line) },
        {
            name: "Row",
            className: wrong.all ? "wide w-outcome" : "w-outcome",
            cell: ({ row: { outcome, id } }) => {
                const { tone, verb, done } = kinds[outcome];
                const badge = <span className={`badge ${tone}`}>{dryRun ? verb : done}</span>;
                return id === null ? badge : <Link to={`/products/${id}`}>{badge}</Link>;
            },
        },
        ...(wrong.some ? wrongColumns : []),
        {
            name: "In the file",
            ...(wrong.some && { className: "wide" }),
            cell: ({ row }) => <code>{texts?.get(row.line)}</code>,
        },
    ];
}

export function ImportRows({ imported, file }: { imported: Imported; file: File }) {
    const { format } = useHere();
    const { rows, counts, dryRun } = imported;
    const [kind, setKind] = useState<Kind | null>(counts.error > 0 ? "error" : null);
    const lines = linesOf(kind === null ? rows : rows.filter(({ outcome }) => outcome === kind));
    const texts = useTexts(file, lines);
    const wrong = { some: lines.some(({ reason }) => reason !== ""), all: kind === "error" };
    return (
        <>
            <div className="filters">
                <div className="segments" role="group" aria-label="Which rows">
                    <button type="button" aria-pressed={kind === null} onClick={() => setKind(null)}>
                        All {format.count(rows.length)}
                    </button>
                    {(Object.keys(kinds) as Kind[])
                        .filter((name) => counts[name] > 0)
                        .map((name) => (
                            <button
                                key={name}
                                type="button"
                                aria-pressed={kind === name}
                                onClick={() => setKind(name)}
                            >
                                {kinds[name].name} {format.count(counts[name])}
                            </button>
                        ))}
                </div>
            </div>
            <LongTable
                label="Rows of the file"
                columns={columnsFor(format, dryRun, wrong, texts)}
                rows={lines}
                total={lines.length}
                keyOf={({ row, column }) => `${row.line}.${column}`}
            />
        </>
    );
}
