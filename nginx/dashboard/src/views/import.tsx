// Products back from a spreadsheet: first shown row by row, then written, all or none.
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, newKey, type Schemas } from "../api/client";
import { useProductsChanged } from "../api/products";
import { useTransfer } from "../api/transfer";
import { useHere } from "../format";
import { FileField } from "../ui/file";
import { ItemHead } from "../ui/head";
import { Failure, useTitle } from "../ui/states";
import { useToasts } from "../ui/toasts";
import { Download, TransferProgress } from "../ui/transfer";
import { ImportRows } from "./import_rows";

export type Imported = Schemas["Imported"];

interface Chosen {
    file: File;
    /// The import's Idempotency-Key: however often it is sent, it happens once.
    key: string;
}

function useImport(setStock: boolean) {
    const { progress, ask, stop } = useTransfer();
    const [imported, setImported] = useState<Imported | null>(null);
    const changed = useProductsChanged();
    const { say } = useToasts();
    const send = useMutation({
        mutationFn: async ({ file, key, dryRun }: Chosen & { dryRun: boolean }) => {
            const how = `${setStock ? "&stock=set" : ""}${dryRun ? "&dryRun=true" : ""}`;
            const path = `/api/admin/backup?action=import-products-csv${how}`;
            const asked = { method: "POST", path, file, type: "text/csv" } as const;
            return (await ask(dryRun ? asked : { ...asked, key })) as Imported;
        },
        onSuccess: (outcome) => {
            setImported(outcome);
            if (outcome.dryRun) return;
            void changed();
            say("The products were imported.");
        },
    });
    return { send, progress, stop, imported, forget: () => setImported(null) };
}

/// What would happen, or did, in a sentence.
function Outcome({ imported }: { imported: Imported }) {
    const { format } = useHere();
    const { create, update, unchanged, error } = imported.counts;
    const rows = (count: number) => `${format.count(count)} ${count === 1 ? "row" : "rows"}`;
    if (!imported.dryRun) {
        return (
            <p className="note good" role="status">
                Imported: {format.count(create)} created, {format.count(update)} changed,{" "}
                {format.count(unchanged)} as they were.
            </p>
        );
    }
    if (error > 0) {
        return (
            <p className="note bad" role="status">
                {rows(error)} can’t be imported, so none is: mend the file and choose it again.
            </p>
        );
    }
    if (create + update === 0) {
        return (
            <p className="note" role="status">
                Everything in the file is already so in the shop.
            </p>
        );
    }
    return (
        <p className="note" role="status">
            Nothing has happened yet. {rows(create)} would create a product, {rows(update)} change one,{" "}
            {rows(unchanged)} would leave one as it is.
        </p>
    );
}

function About() {
    return (
        <div className="form soft">
            <p>
                The columns are those of the export: <code>id</code>, <code>name</code>, <code>sku</code>,{" "}
                <code>category</code>, <code>description</code>, <code>stock</code>, <code>minStock</code>,{" "}
                <code>price</code>, <code>archived</code>. A row’s product is found by its id, else by its
                SKU, else it is a new one. A column that is left out stays as it is.
            </p>
            <div className="actions start">
                <Download path="/api/admin/backup?action=export-products-csv">Products as CSV</Download>
            </div>
        </div>
    );
}

export default function Import() {
    useTitle("Import products");
    const [setStock, setSetStock] = useState(false);
    const [chosen, setChosen] = useState<Chosen | null>(null);
    const { send, progress, stop, imported, forget } = useImport(setStock);
    const choose = (file: File | null) => {
        const next = file && { file, key: newKey() };
        setChosen(next);
        forget();
        send.reset();
        if (next) send.mutate({ ...next, dryRun: true });
    };
    const stopped = send.error instanceof ApiError && send.error.code === "STOPPED";
    const { create, update, error } = imported?.counts ?? { create: 0, update: 0, error: 0 };
    const ready = imported?.dryRun === true && error === 0 && create + update > 0;
    return (
        <div className={imported ? "view list" : "view"}>
            <ItemHead list={{ to: "/products", name: "Products" }} title="Import products">
                {ready && (
                    <button
                        className="button primary"
                        type="button"
                        disabled={send.isPending}
                        onClick={() => chosen && send.mutate({ ...chosen, dryRun: false })}
                    >
                        Import
                    </button>
                )}
            </ItemHead>
            <div className="card form">
                <FileField
                    label="Spreadsheet"
                    accept=".csv,text/csv"
                    hint="CSV in UTF-8, with commas or semicolons. It is only looked at first."
                    disabled={send.isPending}
                    choose={choose}
                />
                <label className="check long">
                    <input
                        type="checkbox"
                        checked={setStock}
                        disabled={send.isPending}
                        onChange={(event) => {
                            setSetStock(event.target.checked);
                            choose(null);
                        }}
                    />
                    A stocktake: set the stock of products that exist
                </label>
                {progress && (
                    <TransferProgress progress={progress} working="Looking at every row" stop={stop} />
                )}
                {send.isError && !stopped && (
                    <Failure reason={send.error} again={() => send.mutate(send.variables)} />
                )}
                {imported ? <Outcome imported={imported} /> : <About />}
            </div>
            {imported && chosen && <ImportRows key={chosen.key} imported={imported} file={chosen.file} />}
        </div>
    );
}
