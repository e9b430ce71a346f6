// What stands above the rules and above what they did.
import { Link, NavLink } from "react-router";

export function WorkflowsHead() {
    return (
        <div className="view-head">
            <div className="view-title">
                <h1>Workflows</h1>
                <nav className="segments" aria-label="Workflows">
                    <NavLink to="/workflows" end>
                        Rules
                    </NavLink>
                    <NavLink to="/workflows/runs">History</NavLink>
                    <NavLink to="/workflows/deliveries">Deliveries</NavLink>
                </nav>
            </div>
            <Link className="button primary" to="/workflows/new">
                New rule
            </Link>
        </div>
    );
}
