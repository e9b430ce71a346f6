// What one chooses where somebody else was faster (412).
import { Dialog } from "./dialog";

interface ConflictProps {
    /// What it is: "product".
    what: string;
    /// Each field that differs; no `mine` where it was not changed here.
    rows: { label: string; theirs: string; mine: string | null }[];
    keepMine: () => void;
    takeTheirs: () => void;
    close: () => void;
}

/// Somebody else has saved it since it was read: whose words count?
export function Conflict({ what, rows, keepMine, takeTheirs, close }: ConflictProps) {
    return (
        <Dialog title={`Somebody else has changed this ${what}`} close={close}>
            <div className="form">
                <p className="soft">It was saved since you began. Nothing of yours is lost.</p>
                <table className="plain-table">
                    <thead>
                        <tr>
                            <th scope="col">Field</th>
                            <th scope="col">In the shop now</th>
                            <th scope="col">Yours</th>
                        </tr>
                    </thead>
                    <tbody>
                        {rows.map(({ label, theirs, mine }) => (
                            <tr key={label}>
                                <th scope="row">{label}</th>
                                <td>{theirs || "–"}</td>
                                <td>
                                    {mine === null ? <span className="soft">not changed</span> : mine || "–"}
                                </td>
                            </tr>
                        ))}
                    </tbody>
                </table>
                <div className="actions">
                    <button className="button" type="button" onClick={takeTheirs}>
                        Take theirs
                    </button>
                    <button className="button primary" type="button" onClick={keepMine}>
                        Save mine
                    </button>
                </div>
            </div>
        </Dialog>
    );
}
