import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, ApiError, bodyOf, newKey, type Schemas } from "../api/client";
import { useProductsChanged } from "../api/products";
import { parseDecimal } from "../decimal";
import { useDraft } from "../ui/draft";
import { NumberField } from "../ui/field";
import { FormFailure, useTitle } from "../ui/states";
import { useToasts } from "../ui/toasts";
import { bodyOfTexts, fieldNames, noNumber, noTexts, ProductFields, type Reasons } from "./product_fields";

export default function NewProduct() {
    useTitle("New product");
    const draft = useDraft("new-product", () => ({ ...noTexts, stock: "0" }));
    const texts = draft.value;
    const [unreadable, setUnreadable] = useState<Reasons>({});
    const key = useRef(newKey());
    const navigate = useNavigate();
    const { say } = useToasts();
    const changed = useProductsChanged();
    const create = useMutation({
        mutationFn: (body: Schemas["ProductsCreateBody"]) =>
            bodyOf(
                api.POST("/api/products", { params: { header: { "Idempotency-Key": key.current } }, body }),
            ),
        onSuccess: (product) => {
            draft.forget();
            void changed();
            say(`${product.name} was created.`);
            void navigate(`/products/${product.id}`, { replace: true });
        },
    });
    const change = (next: typeof texts) => {
        key.current = newKey(); // another request
        draft.change(next);
    };
    const submit = () => {
        const { body, wrong } = bodyOfTexts(texts, fieldNames);
        const stock = parseDecimal(texts.stock);
        if (stock === null) wrong["stock"] = texts.stock.trim() === "" ? "is required" : noNumber;
        setUnreadable(wrong);
        create.reset();
        if (Object.keys(wrong).length > 0) return;
        // Every required field is among those that were read.
        create.mutate({ ...body, stock: Number(stock) } as Schemas["ProductsCreateBody"]);
    };
    const reasons = { ...(create.error instanceof ApiError ? create.error.details : {}), ...unreadable };
    return (
        <div className="view narrow">
            <h1>New product</h1>
            <form
                className="card form"
                noValidate
                onSubmit={(event) => {
                    event.preventDefault();
                    submit();
                }}
            >
                <ProductFields
                    texts={texts}
                    change={(next) => change({ ...texts, ...next })}
                    reasons={reasons}
                />
                <div className="columns">
                    <NumberField
                        label="On hand"
                        value={texts.stock}
                        change={(stock) => change({ ...texts, stock })}
                        error={reasons["stock"]}
                        hint="What is on the shelf now."
                        required
                    />
                    <span />
                </div>
                <FormFailure reason={create.error} fields={(field) => field in texts} />
                <div className="actions">
                    <Link className="button" to="/products" onClick={draft.discard}>
                        Discard
                    </Link>
                    <button className="button primary" disabled={create.isPending}>
                        Create product
                    </button>
                </div>
            </form>
        </div>
    );
}
