// Exact decimals: what people type and what is shown of it never passes through binary fractions.

/// A decimal as people write it in their language, as the API's JSON number has it; null when it is none.
/// Grouping is taken off only where it can't be mistaken for a decimal sign.
export function parseDecimal(text: string, locale?: string): string | null {
    const parts = new Intl.NumberFormat(locale).formatToParts(-1234567.5);
    const sign = parts.find((part) => part.type === "decimal")?.value ?? ".";
    const group = parts.find((part) => part.type === "group")?.value ?? ",";
    let plain = text.replace(/[\s\u00a0\u202f'’]/g, "").replace(/^[\u2212\u2013]/, "-");
    if (plain.includes(sign)) {
        plain = plain.replaceAll(group, "").replace(sign, ".");
    } else if (group !== "." && group !== ",") {
        plain = plain.replaceAll(group, "").replace(",", ".");
    } else if (plain.includes(group)) {
        const grouped = new RegExp(`^-?\\d{1,3}(?:\\${group}\\d{3})+$`);
        const single = plain.split(group).length === 2;
        // "1.5" of somebody who writes "1,5" can only be a decimal sign; "1.500" can't be told, and is refused.
        if (single && !grouped.test(plain)) plain = plain.replace(group, ".");
        else if (!single && grouped.test(plain)) plain = plain.replaceAll(group, "");
        else return null;
    }
    return /^-?(?:\d+(?:\.\d*)?|\.\d+)$/.test(plain) ? plain.replace(/\.$/, "") : null;
}

/// A whole number of the smallest parts, 10^-places.
function parts(value: number, places: number): bigint {
    const [whole = "0", fraction = ""] = value.toFixed(places).split(".");
    return BigInt(whole + fraction.padEnd(places, "0"));
}

/// What a line costs, rounded half up to two places, as the server does it.
export function lineTotal(quantity: number, price: number): number {
    return Number((parts(quantity, 3) * parts(price, 2) + 500n) / 1000n) / 100;
}

/// The sum of amounts of money.
export function sumOfMoney(amounts: readonly number[]): number {
    return Number(amounts.reduce((sum, amount) => sum + parts(amount, 2), 0n)) / 100;
}

/// The sum of quantities.
export function sumOfQuantities(quantities: readonly number[]): number {
    return Number(quantities.reduce((sum, quantity) => sum + parts(quantity, 3), 0n)) / 1000;
}
