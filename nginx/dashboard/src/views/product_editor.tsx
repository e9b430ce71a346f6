// Edits a product where it stands.
import { useState } from "react";
import type { Versioned } from "../api/client";
import { changeProduct, readProduct, useProductsChanged, type Product } from "../api/products";
import { SaveBar, useEditing } from "../ui/editing";
import { FormFailure } from "../ui/states";
import { bodyOfTexts, labels, ProductFields, textsOf, type Reasons } from "./product_fields";

/// The fields, and a bar to save when something has changed.
export function ProductEditor({ product }: { product: Versioned<Product> }) {
    const { id, archived } = product.value;
    const [unreadable, setUnreadable] = useState<Reasons>({});
    const changed = useProductsChanged();
    const editing = useEditing({
        what: "product",
        id,
        current: product,
        labels,
        textsOf,
        differs: (one, other, field) => one[field] !== other[field],
        shownAs: (texts, field) => texts[field],
        read: readProduct,
        write: changeProduct,
        atOnce: true,
        saved: () => void changed(id),
    });
    const { texts, change, changes, save, refused, reasons, conflict } = editing;
    const submit = () => {
        const { body, wrong } = bodyOfTexts(texts, changes);
        setUnreadable(wrong);
        if (Object.keys(wrong).length === 0) save(body);
    };
    const discard = () => {
        setUnreadable({});
        editing.discard();
    };
    return (
        <form
            className="card form"
            noValidate
            aria-label="Product"
            onSubmit={(event) => {
                event.preventDefault();
                if (changes.length > 0) submit();
            }}
        >
            <ProductFields
                texts={texts}
                change={change}
                reasons={{ ...reasons, ...unreadable }}
                disabled={archived}
            />
            <FormFailure reason={refused} fields={(field) => field in texts} />
            <SaveBar editing={{ ...editing, discard }} labels={labels} />
            {conflict}
        </form>
    );
}
