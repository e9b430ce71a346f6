// The administrators' views, and the word to whoever is none.
import { lazy } from "react";
import { Link, Route, Routes } from "react-router";
import "../styles/admin.css";
import { useHere } from "../format";
import { Icon, type IconName } from "../ui/icons";
import { Empty, useTitle } from "../ui/states";

const Users = lazy(() => import("./users"));
const NewUser = lazy(() => import("./new_user"));
const User = lazy(() => import("./user"));
const Trail = lazy(() => import("./trail"));
const Backups = lazy(() => import("./backups"));
const Import = lazy(() => import("./import"));
const Health = lazy(() => import("./health"));

const entries: { to: string; icon: IconName; name: string; what: string }[] = [
    { to: "users", icon: "users", name: "Users", what: "Who may use the shop, and API tokens." },
    { to: "trail", icon: "trail", name: "Audit trail", what: "Who changed what, and when." },
    { to: "backups", icon: "backups", name: "Backups", what: "Export, prove, restore; spreadsheets." },
    { to: "health", icon: "health", name: "Health", what: "What is fine, what isn’t, what to do." },
];

/// Where they lead, for screens that have no room for them beside the others.
function Menu() {
    useTitle("Administration");
    return (
        <div className="view narrow">
            <h1>Administration</h1>
            <ul className="stack">
                {entries.map(({ to, icon, name, what }) => (
                    <li key={to}>
                        <Link className="card row-link menu-entry" to={`/admin/${to}`}>
                            <Icon name={icon} />
                            <span>
                                {name}
                                <br />
                                <span className="soft small">{what}</span>
                            </span>
                        </Link>
                    </li>
                ))}
            </ul>
        </div>
    );
}

function Refused() {
    useTitle("For administrators");
    return (
        <Empty>
            <h1>This is for administrators.</h1>
            <p>You are logged in as staff. Ask an administrator to do it, or to make you one.</p>
            <Link to="/">Overview</Link>
        </Empty>
    );
}

function NoView() {
    useTitle("Nothing here");
    return (
        <Empty>
            <h1>There is no such view.</h1>
            <Link to="/admin">Administration</Link>
        </Empty>
    );
}

export default function Administration() {
    const { me } = useHere();
    if (me.user.role !== "admin") return <Refused />;
    return (
        <Routes>
            <Route index element={<Menu />} />
            <Route path="users" element={<Users />} />
            <Route path="users/new" element={<NewUser />} />
            <Route path="users/:id" element={<User />} />
            <Route path="trail" element={<Trail />} />
            <Route path="backups" element={<Backups />} />
            <Route path="import" element={<Import />} />
            <Route path="health" element={<Health />} />
            <Route path="*" element={<NoView />} />
        </Routes>
    );
}
