// What was on hand over time: a step for each movement.
import { scaleLinear, scaleTime } from "d3-scale";
import { area, curveStepAfter, line } from "d3-shape";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { useHere } from "../format";
import { ChartFrame, Grid, chartHeight, margin } from "./frame";

type Movement = Schemas["Movement"];

interface StockProps {
    movements: Movement[];
    minStock: number;
}

interface Point {
    at: Date;
    balance: number;
    movement: Movement;
}

export default function Stock({ movements, minStock }: StockProps) {
    const { format } = useHere();
    const [tip, setTip] = useState<{ x: number; y: number; text: string } | null>(null);
    const points: Point[] = movements.map((movement) => ({
        at: new Date(movement.createdAt),
        balance: movement.balance,
        movement,
    }));
    const wordsFor = ({ createdAt, balance, delta, reason }: Movement) =>
        `${format.moment(createdAt)}: ${format.quantity(balance)} (${delta > 0 ? "+" : ""}${format.quantity(delta)}, ${reason})`;
    const first = points[0];
    const latest = points.at(-1);
    if (first === undefined || latest === undefined) return null;
    // Up to now, for that is how long the last balance has held.
    const end = new Date();
    const drawn = [...points, { ...latest, at: end }];
    const top = points.reduce((most, { balance }) => Math.max(most, balance), Math.max(minStock, 1));
    const y = scaleLinear([0, top], [chartHeight - margin.bottom, margin.top]).nice(4);
    return (
        <ChartFrame label="On hand over time" tip={tip}>
            {(width) => {
                const x = scaleTime([first.at, end], [margin.left, width - margin.right]);
                const steps = line<Point>(
                    (point) => x(point.at),
                    (point) => y(point.balance),
                ).curve(curveStepAfter);
                const below = area<Point>(
                    (point) => x(point.at),
                    y(0),
                    (point) => y(point.balance),
                ).curve(curveStepAfter);
                return (
                    <>
                        <Grid ticks={y.ticks(4)} y={y} width={width} words={format.quantity} />
                        <text x={margin.left} y={chartHeight - 6}>
                            {format.day(first.at.toISOString())}
                        </text>
                        <text x={width - margin.right} y={chartHeight - 6} textAnchor="end">
                            Today
                        </text>
                        <path className="area" d={below(drawn) ?? ""} />
                        <path className="line" d={steps(drawn) ?? ""} />
                        {minStock > 0 && (
                            <line
                                className="limit"
                                x1={margin.left}
                                x2={width - margin.right}
                                y1={y(minStock)}
                                y2={y(minStock)}
                            />
                        )}
                        <rect
                            className="hit"
                            x={margin.left}
                            y={0}
                            width={Math.max(0, width - margin.left - margin.right)}
                            height={chartHeight - margin.bottom}
                            onPointerMove={(event) => {
                                const box = event.currentTarget.getBoundingClientRect();
                                const moment = x.invert(margin.left + event.clientX - box.left);
                                const point = points.findLast(({ at }) => at <= moment) ?? first;
                                setTip({
                                    x: x(point.at),
                                    y: y(point.balance),
                                    text: wordsFor(point.movement),
                                });
                            }}
                            onPointerLeave={() => setTip(null)}
                        />
                    </>
                );
            }}
        </ChartFrame>
    );
}
