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

/// Made when it is first asked for: making one blocks a phone for many milliseconds.
function lazily<T>(make: () => T): () => T {
    let made: T | undefined;
    return () => (made ??= make());
}

function relative(locale: string | undefined) {
    const words = lazily(() => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }));
    const say = (value: number, unit: Intl.RelativeTimeFormatUnit) => words().format(value, unit);
    return (instant: string, day: (instant: string) => string) => {
        const seconds = Math.round((Date.parse(instant) - Date.now()) / 1000);
        const past = Math.abs(seconds);
        if (past < 60) return say(0, "second");
        if (past < 3600) return say(Math.trunc(seconds / 60), "minute");
        if (past < 86400) return say(Math.trunc(seconds / 3600), "hour");
        if (past < 7 * 86400) return say(Math.trunc(seconds / 86400), "day");
        return day(instant);
    };
}

const sizes = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

function sizeFor(locale: string | undefined) {
    const words = sizes.map((unit) =>
        lazily(
            () =>
                new Intl.NumberFormat(locale, {
                    style: "unit",
                    unit,
                    unitDisplay: unit === "byte" ? "long" : "short",
                    maximumFractionDigits: unit === "byte" ? 0 : 1,
                }),
        ),
    );
    return (value: number) => {
        const power = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), sizes.length - 1);
        return words[power]?.().format(value / 1000 ** power) ?? "";
    };
}

/// The formats of a shop in the browser's language.
export function formatFor(shop: Shop, locale?: string): Format {
    const currency = { style: "currency", currency: shop.currency } as const;
    const numbers = (options: Intl.NumberFormatOptions) =>
        lazily(() => new Intl.NumberFormat(locale, options));
    const dates = (options: Intl.DateTimeFormatOptions) =>
        lazily(() => new Intl.DateTimeFormat(locale, options));
    const money = numbers({ ...currency, minimumFractionDigits: 2, maximumFractionDigits: 2 });
    const rough = numbers({
        ...currency,
        notation: "compact",
        minimumFractionDigits: 0,
        maximumFractionDigits: 1,
    });
    const quantity = numbers({ maximumFractionDigits: 3 });
    const timeZone = shop.timezone;
    const moment = dates({ dateStyle: "medium", timeStyle: "short", timeZone });
    const day = dates({ dateStyle: "medium", timeZone });
    const date = dates({ dateStyle: "medium", timeZone: "UTC" });
    const short = dates({ day: "numeric", month: "short", timeZone: "UTC" });
    const ago = relative(locale);
    const dayOf = (instant: string) => day().format(new Date(instant));
    return {
        money: (value) => money().format(value),
        roughMoney: (value) => rough().format(value),
        quantity: (value) => quantity().format(value),
        count: (value) => quantity().format(value),
        bytes: sizeFor(locale),
        moment: (instant) => moment().format(new Date(instant)),
        day: dayOf,
        date: (text) => date().format(new Date(`${text}T00:00:00Z`)),
        shortDate: (text) => short().format(new Date(`${text}T00:00:00Z`)),
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
