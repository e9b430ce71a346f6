// A bar for each day.
import { scaleBand, scaleLinear } from "d3-scale";
import { useState } from "react";
import { useHere } from "../format";
import { ChartFrame, Grid, chartHeight, margin } from "./frame";

interface DaysProps {
    label: string;
    days: { date: string; value: number }[];
    /// A value in full, and short for the axis.
    words: (value: number) => string;
    short: (value: number) => string;
    /// How many of the last days are meant; those before them are only there to compare.
    meant: number;
}

export default function Days({ label, days, words, short, meant }: DaysProps) {
    const { format } = useHere();
    const [at, setAt] = useState<number | null>(null);
    const top = Math.max(...days.map((day) => day.value), 1);
    const y = scaleLinear([0, top], [chartHeight - margin.bottom, margin.top]).nice(4);
    const ticks = y.ticks(4).filter((tick) => top > 4 || Number.isInteger(tick));
    const [tip, setTip] = useState<{ x: number; y: number } | null>(null);
    const day = at === null ? undefined : days[at];
    return (
        <ChartFrame
            label={label}
            tip={tip && day ? { ...tip, text: `${format.date(day.date)}: ${words(day.value)}` } : null}
        >
            {(width) => {
                const x = scaleBand(
                    days.map(({ date }) => date),
                    [margin.left, width - margin.right],
                ).padding(0.28);
                const every = Math.ceil(days.length / Math.max(2, Math.floor((width - margin.left) / 64)));
                return (
                    <>
                        <Grid ticks={ticks} y={y} width={width} words={short} />
                        {days.map(({ date, value }, index) => {
                            const left = x(date) ?? 0;
                            const middle = left + x.bandwidth() / 2;
                            return (
                                <g key={date}>
                                    <rect
                                        className={index < days.length - meant ? "bar faded" : "bar"}
                                        x={left}
                                        y={y(value)}
                                        width={x.bandwidth()}
                                        height={chartHeight - margin.bottom - y(value)}
                                        rx={Math.min(3, x.bandwidth() / 4)}
                                    />
                                    {(days.length - 1 - index) % every === 0 && (
                                        <text x={middle} y={chartHeight - 6} textAnchor="middle">
                                            {format.shortDate(date)}
                                        </text>
                                    )}
                                    <rect
                                        className="hit"
                                        x={middle - x.step() / 2}
                                        y={0}
                                        width={x.step()}
                                        height={chartHeight - margin.bottom}
                                        onPointerEnter={() => {
                                            setAt(index);
                                            setTip({ x: middle, y: y(value) });
                                        }}
                                        onPointerLeave={() => setTip(null)}
                                    />
                                </g>
                            );
                        })}
                    </>
                );
            }}
        </ChartFrame>
    );
}
