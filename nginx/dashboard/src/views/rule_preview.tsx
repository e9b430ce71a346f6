// What a rule would have done, before it does anything.
import { useState } from "react";
import type { Schemas } from "../api/client";
import { useHere, type Format } from "../format";
import { About } from "../ui/about";
import { OutcomeBadge } from "../ui/status";

type Firing = Schemas["Preview"]["firings"][number];

export const previewDays = [7, 30, 90, 366] as const;

const shownAtFirst = 20; // rows

function Firings({ firings }: { firings: Firing[] }) {
    const { format } = useHere();
    const [all, setAll] = useState(false);
    return (
        <>
            <ul>
                {(all ? firings : firings.slice(0, shownAtFirst)).map((firing, index) => (
                    // The same product may fall below its minimum twice in a moment.
                    <li className="run" key={index}>
                        <OutcomeBadge outcome={firing.outcome} />
                        <div>
                            <p>
                                <About {...firing} />
                            </p>
                            {firing.effect !== null && <p className="soft">{firing.effect}</p>}
                        </div>
                        <span className="soft small">{format.moment(firing.at)}</span>
                    </li>
                ))}
            </ul>
            {!all && firings.length > shownAtFirst && (
                <button className="button" type="button" onClick={() => setAll(true)}>
                    Show {format.count(firings.length)}
                </button>
            )}
        </>
    );
}

const times = (number: number, format: Format) => (number === 1 ? "once" : `${format.count(number)} times`);

/// The counts, and the firings behind them.
export function PreviewResult({ preview, stale }: { preview: Schemas["Preview"]; stale: boolean }) {
    const { format } = useHere();
    const { days, fired, skipped, firings } = preview;
    const [acting, setActing] = useState(fired > 0);
    const shown = firings.filter(({ outcome }) => (outcome === "done") === acting);
    const total = acting ? fired : skipped;
    return (
        <div className={stale ? "form stale" : "form"}>
            <p role="status">
                {fired + skipped === 0
                    ? `In the last ${days} days nothing set it off.`
                    : `In the last ${days} days it would have acted ${times(fired, format)}, and not acted ${times(skipped, format)}.`}
                {stale && <strong> The rule has changed since.</strong>}
            </p>
            {fired + skipped > 0 && (
                <div className="segments start">
                    <button type="button" aria-pressed={acting} onClick={() => setActing(true)}>
                        Acted · {format.count(fired)}
                    </button>
                    <button type="button" aria-pressed={!acting} onClick={() => setActing(false)}>
                        Not acted · {format.count(skipped)}
                    </button>
                </div>
            )}
            {shown.length > 0 && <Firings key={String(acting)} firings={shown} />}
            {shown.length < total && (
                <p className="soft small">
                    Of all firings, the newest {format.count(firings.length)} are listed.
                </p>
            )}
        </div>
    );
}
