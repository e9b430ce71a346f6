// An order as it is typed, and as it is sent.
import type { Schemas } from "../api/client";
import type { Order } from "../api/orders";
import type { Product } from "../api/products";
import { lineTotal, parseDecimal, sumOfMoney } from "../decimal";
import type { Format } from "../format";
import { noNumber, type Reasons } from "./product_fields";

export interface LineTexts {
    productId: number;
    name: string;
    quantity: string;
    /// Empty: the product's price of that moment.
    price: string;
    /// What the product costs, to show where `price` is empty.
    usualPrice: number;
    /// What this order could have of it; null where that isn't known.
    available: number | null;
}

export interface OrderTexts {
    customerName: string;
    customerEmail: string;
    notes: string;
    /// A user's id, or empty.
    assignedTo: string;
    lines: LineTexts[];
}

export const noOrder: OrderTexts = {
    customerName: "",
    customerEmail: "",
    notes: "",
    assignedTo: "",
    lines: [],
};

const plain = new Intl.NumberFormat(undefined, { useGrouping: false, maximumFractionDigits: 3 });
const price = new Intl.NumberFormat(undefined, { useGrouping: false, minimumFractionDigits: 2 });

/// A line of one more of a product.
export function lineOf(product: Product): LineTexts {
    return {
        productId: product.id,
        name: product.name,
        quantity: "1",
        price: "",
        usualPrice: product.price,
        available: product.available,
    };
}

/// An order as its fields show it.
export function textsOfOrder(order: Order): OrderTexts {
    return {
        customerName: order.customerName,
        customerEmail: order.customerEmail ?? "",
        notes: order.notes ?? "",
        assignedTo: order.assignedTo === null ? "" : String(order.assignedTo),
        lines: order.items.map((item) => ({
            productId: item.productId,
            name: item.productName,
            quantity: plain.format(item.quantity),
            price: price.format(item.price),
            usualPrice: item.price,
            available: null,
        })),
    };
}

const numberOf = (text: string): number | null => {
    const parsed = parseDecimal(text);
    return parsed === null ? null : Number(parsed);
};

/// What a line will cost; null while it can't be said.
export function costOf(line: LineTexts): number | null {
    const quantity = numberOf(line.quantity);
    const each = line.price.trim() === "" ? line.usualPrice : numberOf(line.price);
    return quantity === null || each === null || quantity < 0 || each < 0 ? null : lineTotal(quantity, each);
}

/// What all lines will cost; null while it can't be said.
export function totalOf(lines: readonly LineTexts[]): number | null {
    const costs = lines.map(costOf);
    return costs.every((cost) => cost !== null) ? sumOfMoney(costs) : null;
}

/// What is asked for beyond what is known to be there; the server has the last word.
export function shortOf(line: LineTexts): boolean {
    const quantity = numberOf(line.quantity);
    return quantity !== null && line.available !== null && quantity > line.available;
}

export type OrderField = keyof OrderTexts;

/// The fields' names.
export const labels: Record<OrderField, string> = {
    customerName: "Customer",
    customerEmail: "E-mail",
    lines: "Items",
    assignedTo: "Assigned to",
    notes: "Notes",
};

/// Whether a field says the same in both.
export function sameField(one: OrderTexts, other: OrderTexts, field: OrderField): boolean {
    if (field !== "lines") return one[field] === other[field];
    const said = ({ lines }: OrderTexts) => lines.map((line) => [line.productId, line.quantity, line.price]);
    return JSON.stringify(said(one)) === JSON.stringify(said(other));
}

/// A field as people read it.
export function shownAs(texts: OrderTexts, field: OrderField, format: Format): string {
    if (field === "assignedTo") return texts.assignedTo && `#${texts.assignedTo}`;
    if (field !== "lines") return texts[field];
    const total = totalOf(texts.lines);
    const lines = texts.lines.map((line) => `${line.quantity} × ${line.name}`).join(", ");
    return total === null ? lines : `${lines} (${format.money(total)})`;
}

type Body = Schemas["OrdersUpdateBody"];

/// What is to be sent of the fields named, and what can't be read.
export function bodyOfOrder(
    texts: OrderTexts,
    fields: readonly OrderField[],
): { body: Body; wrong: Reasons } {
    const body: Body = {};
    const wrong: Reasons = {};
    if (fields.includes("customerName")) body.customerName = texts.customerName;
    if (fields.includes("customerEmail")) body.customerEmail = texts.customerEmail.trim() || null;
    if (fields.includes("notes")) body.notes = texts.notes.trim() || null;
    if (fields.includes("assignedTo"))
        body.assignedTo = texts.assignedTo === "" ? null : Number(texts.assignedTo);
    if (fields.includes("lines")) {
        body.items = texts.lines.map((line, index) => {
            const quantity = numberOf(line.quantity);
            const each = line.price.trim() === "" ? undefined : numberOf(line.price);
            if (quantity === null) wrong[`items[${index}].quantity`] = noNumber;
            if (each === null) wrong[`items[${index}].price`] = noNumber;
            return {
                productId: line.productId,
                quantity: quantity ?? 0,
                ...(each !== undefined && each !== null && { price: each }),
            };
        });
        if (texts.lines.length === 0) wrong["items"] = "add at least one product";
    }
    return { body, wrong };
}
