// What people edit of a product: as texts while they type, as a body when it is sent.
import type { Schemas } from "../api/client";
import type { Product } from "../api/products";
import { parseDecimal } from "../decimal";
import { NumberField, TextArea, TextField } from "../ui/field";

/// The fields' names.
export const labels = {
    name: "Name",
    sku: "SKU",
    category: "Category",
    description: "Description",
    price: "Price",
    minStock: "Minimum stock",
} as const;

export type FieldName = keyof typeof labels;
export type Texts = Record<FieldName, string>;

export const fieldNames = Object.keys(labels) as FieldName[];
export const noTexts: Texts = { name: "", sku: "", category: "", description: "", price: "", minStock: "0" };

const plain = new Intl.NumberFormat(undefined, { useGrouping: false, maximumFractionDigits: 3 });
const price = new Intl.NumberFormat(undefined, { useGrouping: false, minimumFractionDigits: 2 });

/// A product's values as its fields show them.
export function textsOf(product: Product): Texts {
    return {
        name: product.name,
        sku: product.sku ?? "",
        category: product.category ?? "",
        description: product.description ?? "",
        price: price.format(product.price),
        minStock: plain.format(product.minStock),
    };
}

type Body = Schemas["ProductsUpdateBody"];
export type Reasons = Partial<Record<string, string>>;

/// What numbers people are told when theirs can't be read.
export const noNumber = "can't be read as a number";

/// What is to be sent of the fields named, and what can't be read.
export function bodyOfTexts(texts: Texts, fields: readonly FieldName[]): { body: Body; wrong: Reasons } {
    const body: Body = {};
    const wrong: Reasons = {};
    for (const field of fields) {
        const text = texts[field].trim();
        if (field === "name") {
            body.name = text;
        } else if (field === "price" || field === "minStock") {
            const number = parseDecimal(text);
            if (number === null) wrong[field] = text === "" ? "is required" : noNumber;
            else body[field] = Number(number);
        } else {
            body[field] = text === "" ? null : text;
        }
    }
    return { body, wrong };
}

interface FieldsProps {
    texts: Texts;
    change: (texts: Texts) => void;
    reasons: Reasons;
    disabled?: boolean;
}

/// The fields.
export function ProductFields({ texts, change, reasons, disabled = false }: FieldsProps) {
    const wired = (field: FieldName) => ({
        label: labels[field],
        value: texts[field],
        change: (text: string) => change({ ...texts, [field]: text }),
        error: reasons[field],
        disabled,
    });
    return (
        <>
            <TextField {...wired("name")} required autoComplete="off" />
            <div className="columns">
                <TextField {...wired("sku")} autoComplete="off" />
                <TextField {...wired("category")} autoComplete="off" />
            </div>
            <div className="columns">
                <NumberField {...wired("price")} required />
                <NumberField {...wired("minStock")} required hint="Below it the product counts as low." />
            </div>
            <TextArea {...wired("description")} rows={4} />
        </>
    );
}
