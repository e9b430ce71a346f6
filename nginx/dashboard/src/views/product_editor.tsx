// Edits a product where it stands: only what was changed is sent, and only over what was read.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, type Versioned } from "../api/client";
import { changeProduct, readProduct, useProductsChanged, type Product } from "../api/products";
import { Conflict } from "../ui/conflict";
import { useDraft } from "../ui/draft";
import { FormFailure } from "../ui/states";
import { useToasts } from "../ui/toasts";
import {
    bodyOfTexts,
    fieldNames,
    labelOf,
    ProductFields,
    textsOf,
    type FieldName,
    type Reasons,
    type Texts,
} from "./product_fields";

interface Draft {
    /// What it was when the editing began.
    base: Versioned<Product>;
    texts: Texts;
}

function differing(one: Texts, other: Texts): FieldName[] {
    return fieldNames.filter((field) => one[field] !== other[field]);
}

/// What the two versions say, where they differ.
function conflicting(draft: Draft, theirs: Versioned<Product>) {
    const [before, now] = [textsOf(draft.base.value), textsOf(theirs.value)];
    const mine = differing(draft.texts, before);
    return fieldNames
        .filter((field) => mine.includes(field) || now[field] !== before[field])
        .map((field) => ({
            label: labelOf(field),
            theirs: now[field],
            mine: mine.includes(field) ? draft.texts[field] : null,
        }));
}

function useSaving(product: Versioned<Product>, forget: () => void) {
    const client = useQueryClient();
    const changed = useProductsChanged();
    const { say } = useToasts();
    const { id } = product.value;
    const [theirs, setTheirs] = useState<Versioned<Product> | null>(null);
    const save = useMutation({
        mutationFn: ({
            base,
            body,
        }: {
            base: Versioned<Product>;
            body: Parameters<typeof changeProduct>[2];
        }) => changeProduct(id, base.etag, body),
        onSuccess: (saved) => {
            client.setQueryData(["product", id], saved);
            forget();
            void changed(id);
            say("Saved.");
        },
        onError: async (reason) => {
            if (reason instanceof ApiError && reason.status === 412) setTheirs(await readProduct(id));
        },
    });
    return { save, theirs, setTheirs };
}

/// The fields, and a bar to save when something has changed.
export function ProductEditor({ product }: { product: Versioned<Product> }) {
    const [draft, setDraft, forget] = useDraft<Draft | null>(`product-${product.value.id}`, () => null);
    const [unreadable, setUnreadable] = useState<Reasons>({});
    const { save, theirs, setTheirs } = useSaving(product, forget);
    const client = useQueryClient();
    const base = draft?.base ?? product;
    const texts = draft?.texts ?? textsOf(product.value);
    const changes = differing(texts, textsOf(base.value));
    const submit = (over: Versioned<Product>) => {
        const { body, wrong } = bodyOfTexts(texts, changes);
        setUnreadable(wrong);
        setTheirs(null);
        if (Object.keys(wrong).length === 0) save.mutate({ base: over, body });
    };
    const refused = save.error instanceof ApiError && save.error.status !== 412 ? save.error : null;
    const discard = () => {
        forget();
        setUnreadable({});
        save.reset();
    };
    return (
        <form
            className="card form"
            noValidate
            aria-label="Product"
            onSubmit={(event) => {
                event.preventDefault();
                if (changes.length > 0) submit(base);
            }}
        >
            <ProductFields
                texts={texts}
                change={(next) => setDraft({ base, texts: next })}
                reasons={{ ...refused?.details, ...unreadable }}
                disabled={product.value.archived}
            />
            <FormFailure reason={refused} fields={(field) => field in texts} />
            {changes.length > 0 && (
                <div className="note save-bar">
                    <span>Not saved: {changes.map((field) => labelOf(field)).join(", ")}</span>
                    <div className="actions">
                        <button className="button" type="button" onClick={discard}>
                            Discard
                        </button>
                        <button className="button primary" disabled={save.isPending}>
                            Save
                        </button>
                    </div>
                </div>
            )}
            {theirs !== null && draft !== null && (
                <Conflict
                    what="product"
                    rows={conflicting(draft, theirs)}
                    keepMine={() => submit(theirs)}
                    takeTheirs={() => {
                        client.setQueryData(["product", product.value.id], theirs);
                        setTheirs(null);
                        discard();
                    }}
                    close={() => setTheirs(null)}
                />
            )}
        </form>
    );
}
