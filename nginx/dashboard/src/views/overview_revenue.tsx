// What came in: today, in a week, in a month.
import { lazy, Suspense } from "react";
import type { Schemas } from "../api/client";
import { useHere } from "../format";
import { useFilters } from "../ui/filters";

const Days = lazy(() => import("../charts/days"));

const spans = { "1": "Today", "7": "7 days", "30": "30 days" } as const;

interface DailyProps {
    title: string;
    /// Of the days that are meant.
    sum: number;
    days: { date: string; value: number }[];
    meant: number;
    /// A value in full, and short for the axis.
    words: (value: number) => string;
    short: (value: number) => string;
}

/// A sum, the days it comes from as a chart, and the same as a table.
function Daily({ title, sum, days, meant, words, short }: DailyProps) {
    const { format } = useHere();
    const label = `${title} by day`;
    return (
        <div className="card figure">
            <h2>{title}</h2>
            <p className="value">{words(sum)}</p>
            <Suspense fallback={<div className="chart-frame" />}>
                <Days label={label} days={days} words={words} short={short} meant={meant} />
            </Suspense>
            <details>
                <summary className="soft small">In figures</summary>
                <table className="plain-table">
                    <caption className="visually-hidden">{label}</caption>
                    <tbody>
                        {days.map(({ date, value }) => (
                            <tr key={date}>
                                <th scope="row">{format.date(date)}</th>
                                <td className="number">{words(value)}</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            </details>
        </div>
    );
}

export function Revenue({ summary }: { summary: Schemas["Summary"] }) {
    const { format } = useHere();
    const filters = useFilters();
    const days = filters.get("days") in spans ? Number(filters.get("days")) : 7;
    const revenue =
        { 1: summary.revenue.today, 7: summary.revenue.last7Days, 30: summary.revenue.last30Days }[days] ?? 0;
    // One day says little alone: the days before it stand beside it.
    const shown = summary.daily.slice(-Math.max(days, 7));
    const completed = summary.daily.slice(-days).reduce((sum, day) => sum + day.orders, 0);
    return (
        <section className="stack" aria-label="Revenue">
            <div className="view-head">
                <p className="soft">Of completed orders, by the day they were completed.</p>
                <div className="segments">
                    {Object.entries(spans).map(([value, name]) => (
                        <button
                            key={value}
                            type="button"
                            aria-pressed={Number(value) === days}
                            onClick={() => filters.set({ days: value === "7" ? "" : value })}
                        >
                            {name}
                        </button>
                    ))}
                </div>
            </div>
            <div className="pair">
                <Daily
                    title="Revenue"
                    sum={revenue}
                    days={shown.map((day) => ({ date: day.date, value: day.revenue }))}
                    meant={days}
                    words={format.money}
                    short={format.roughMoney}
                />
                <Daily
                    title="Completed orders"
                    sum={completed}
                    days={shown.map((day) => ({ date: day.date, value: day.orders }))}
                    meant={days}
                    words={format.count}
                    short={format.count}
                />
            </div>
        </section>
    );
}
