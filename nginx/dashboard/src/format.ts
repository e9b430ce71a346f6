// Numbers, money, days and moments as the user writes them; money in the shop's currency, days in its
// time zone.
import { createContext, useContext } from "react";
import type { Schemas } from "./api/client";

type Shop = Schemas["Me"]["shop"];

/// The words for values, of one shop.
export interface Format {
    money: (value: number) => string;
    /// Without cents, for axes.
    roughMoney: (value: number) => string;
    quantity: (value: number) => string;
    count: (value: number) => string;
    /// A file's size.
    bytes: (value: number) => string;
    /// A moment's day and time.
    moment: (instant: string) => string;
    day: (instant: string) => string;
    /// A day that the server named: YYYY-MM-DD.
    date: (day: string) => string;
    shortDate: (day: string) => string;
    /// How long ago, by days where it is long.
    ago: (instant: string) => string;
}

function relative(locale: string | undefined) {
    const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
    return (instant: string, day: (instant: string) => string) => {
        const seconds = Math.round((Date.parse(instant) - Date.now()) / 1000);
        const past = Math.abs(seconds);
        if (past < 60) return words.format(0, "second");
        if (past < 3600) return words.format(Math.trunc(seconds / 60), "minute");
        if (past < 86400) return words.format(Math.trunc(seconds / 3600), "hour");
        if (past < 7 * 86400) return words.format(Math.trunc(seconds / 86400), "day");
        return day(instant);
    };
}

const sizes = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

function sizeFor(locale: string | undefined) {
    const words = sizes.map(
        (unit) =>
            new Intl.NumberFormat(locale, {
                style: "unit",
                unit,
                unitDisplay: unit === "byte" ? "long" : "short",
                maximumFractionDigits: unit === "byte" ? 0 : 1,
            }),
    );
    return (value: number) => {
        const power = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), sizes.length - 1);
        return words[power]?.format(value / 1000 ** power) ?? "";
    };
}

/// The formats of a shop in the browser's language.
export function formatFor(shop: Shop, locale?: string): Format {
    const currency = { style: "currency", currency: shop.currency } as const;
    const money = new Intl.NumberFormat(locale, {
        ...currency,
        minimumFractionDigits: 2,
        maximumFractionDigits: 2,
    });
    const rough = new Intl.NumberFormat(locale, {
        ...currency,
        notation: "compact",
        minimumFractionDigits: 0,
        maximumFractionDigits: 1,
    });
    const quantity = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 });
    const zone = shop.timezone;
    const moment = new Intl.DateTimeFormat(locale, {
        dateStyle: "medium",
        timeStyle: "short",
        timeZone: zone,
    });
    const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: zone });
    const date = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
    const short = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" });
    const ago = relative(locale);
    const dayOf = (instant: string) => day.format(new Date(instant));
    return {
        money: (value) => money.format(value),
        roughMoney: (value) => rough.format(value),
        quantity: (value) => quantity.format(value),
        count: (value) => quantity.format(value),
        bytes: sizeFor(locale),
        moment: (instant) => moment.format(new Date(instant)),
        day: dayOf,
        date: (text) => date.format(new Date(`${text}T00:00:00Z`)),
        shortDate: (text) => short.format(new Date(`${text}T00:00:00Z`)),
        ago: (instant) => ago(instant, dayOf),
    };
}

/// Whose pages these are.
export interface Here {
    me: Schemas["Me"];
    format: Format;
}

export const HereContext = createContext<Here | null>(null);

/// The user, the shop and its formats: wherever somebody is logged in.
export function useHere(): Here {
    const here = useContext(HereContext);
    if (here === null) throw new Error("outside of a session");
    return here;
}
