// What charts share: their width, and what stands at the pointer. The same stands beside each as a table,
// for whoever has no pointer or doesn't see it.
import { useLayoutEffect, useRef, useState, type ReactNode } from "react";

export const chartHeight = 200; // pixels, as views.css has it
export const margin = { top: 8, right: 4, bottom: 22, left: 52 };

/// The width of an element, and what to attach to it.
function useWidth(): [React.RefObject<HTMLDivElement | null>, number] {
    const element = useRef<HTMLDivElement>(null);
    const [width, setWidth] = useState(0);
    useLayoutEffect(() => {
        if (element.current === null) return undefined;
        const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
        observer.observe(element.current);
        return () => observer.disconnect();
    }, []);
    return [element, width];
}

interface FrameProps {
    label: string;
    /// What is said at the pointer, and where that is.
    tip: { x: number; y: number; text: ReactNode } | null;
    children: (width: number) => ReactNode;
}

/// A chart with its words.
export function ChartFrame({ label, tip, children }: FrameProps) {
    const [element, width] = useWidth();
    return (
        <figure>
            <div className="chart-frame" ref={element}>
                {width > 0 && (
                    <svg
                        className="chart"
                        viewBox={`0 0 ${width} ${chartHeight}`}
                        role="img"
                        aria-label={label}
                    >
                        {children(width)}
                    </svg>
                )}
                {tip !== null && (
                    <div
                        className="tip"
                        style={{ left: Math.min(Math.max(tip.x, 70), width - 70), top: tip.y - 6 }}
                    >
                        {tip.text}
                    </div>
                )}
            </div>
        </figure>
    );
}

interface GridProps {
    ticks: number[];
    /// From a value to its place, in pixels from the top.
    y: (value: number) => number;
    width: number;
    words: (value: number) => string;
}

/// A line across the chart for each tick of its axis, with its value.
export function Grid({ ticks, y, width, words }: GridProps) {
    return ticks.map((tick) => (
        <g key={tick}>
            <line className="grid" x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} />
            <text x={margin.left - 8} y={y(tick)} dy="0.32em" textAnchor="end">
                {words(tick)}
            </text>
        </g>
    ));
}
