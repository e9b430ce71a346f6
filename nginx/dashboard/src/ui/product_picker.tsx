// Finds a product as one types, and says at once how much of it there is.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { ComboBox, I18nProvider, Input, Label, ListBox, ListBoxItem, Popover } from "react-aria-components";
import { api, pageOf } from "../api/client";
import type { Product } from "../api/products";
import { useHere } from "../format";

interface PickerProps {
    pick: (product: Product) => void;
    /// What is wrong, where nothing was picked.
    error?: string | undefined;
}

export function ProductPicker({ pick, error }: PickerProps) {
    const { format } = useHere();
    const [text, setText] = useState("");
    // A new one after each, for a box that never holds what was picked doesn't close by itself.
    const [picked, setPicked] = useState(0);
    const search = useDeferredValue(text.trim());
    const found = useQuery({
        queryKey: ["products", "picker", search],
        queryFn: ({ signal }) =>
            pageOf(
                api.GET("/api/products", {
                    params: { query: { ...(search && { search }), sort: "name", limit: 12 } },
                    signal,
                }),
            ),
        placeholderData: keepPreviousData,
    });
    const products = found.data?.rows ?? [];
    return (
        <I18nProvider locale="en-US">
            <ComboBox
                key={picked}
                className="field"
                items={products}
                inputValue={text}
                onInputChange={setText}
                value={null}
                onChange={(key) => {
                    const product = products.find(({ id }) => id === key);
                    if (product === undefined) return;
                    pick(product);
                    setText("");
                    setPicked(picked + 1);
                }}
                menuTrigger="input"
                allowsEmptyCollection
                isInvalid={error !== undefined}
            >
                <Label className="label">Add a product</Label>
                {/* eslint-disable-next-line jsx-a11y/no-autofocus -- where one was when picking the last one */}
                <Input className="input" placeholder="Name or SKU" autoFocus={picked > 0} />
                {error !== undefined && <span className="wrong">{error}</span>}
                <Popover className="options-popover" offset={4}>
                    <ListBox
                        className="options"
                        renderEmptyState={() => (
                            <p className="option soft">
                                {found.isFetching ? "Searching…" : "No product is called that."}
                            </p>
                        )}
                    >
                        {(product: Product) => (
                            <ListBoxItem className="option" id={product.id} textValue={product.name}>
                                <span>
                                    {product.name}{" "}
                                    {product.sku !== null && (
                                        <span className="soft small">{product.sku}</span>
                                    )}
                                </span>
                                <span className={product.available > 0 ? "soft" : "wrong"}>
                                    {format.quantity(product.available)} available ·{" "}
                                    {format.money(product.price)}
                                </span>
                            </ListBoxItem>
                        )}
                    </ListBox>
                </Popover>
            </ComboBox>
        </I18nProvider>
    );
}
