// The frame: where one can go, who is here, and the view.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef } from "react";
import { Link, NavLink, Route, Routes, useLocation } from "react-router";
import { api, pageOf } from "./api/client";
import { useHere } from "./format";
import icon from "./icon.svg";
import { logOut } from "./session";
import { useTheme, type Theme } from "./theme";
import { Icon, type IconName } from "./ui/icons";
import { Empty, Loading, useTitle } from "./ui/states";
import { useToasts } from "./ui/toasts";
import { Overview } from "./views/overview";

const Products = lazy(() => import("./views/products"));
const NewProduct = lazy(() => import("./views/new_product"));
const Product = lazy(() => import("./views/product"));
const Orders = lazy(() => import("./views/orders"));
const NewOrder = lazy(() => import("./views/new_order"));
const Order = lazy(() => import("./views/order"));
const Workflows = lazy(() => import("./views/workflows"));
const NewRule = lazy(() => import("./views/new_rule"));
const Rule = lazy(() => import("./views/rule"));
const Runs = lazy(() => import("./views/runs"));
const Deliveries = lazy(() => import("./views/deliveries"));
const Notifications = lazy(() => import("./views/notifications"));
const Account = lazy(() => import("./views/account"));
const Tokens = lazy(() => import("./views/tokens"));
const Administration = lazy(() => import("./views/administration"));

function useUnread(): number {
    const unread = useQuery({
        queryKey: ["notifications", "unread"],
        queryFn: ({ signal }) =>
            pageOf(
                api.GET("/api/notifications", {
                    params: { query: { unread: true, limit: 1, count: true } },
                    signal,
                }),
            ),
        refetchInterval: 30_000,
    });
    return unread.data?.total ?? 0;
}

function Entry({
    to,
    icon: name,
    children,
    count = 0,
}: {
    to: string;
    icon: IconName;
    children: string;
    count?: number;
}) {
    return (
        <NavLink to={to} end={to === "/"}>
            <Icon name={name} />
            {children}
            {count > 0 && (
                <span className="count">
                    {count > 99 ? "99+" : count}
                    <span className="visually-hidden"> unread</span>
                </span>
            )}
        </NavLink>
    );
}

/// Side by side where there is room, else behind one.
function AdministratorsEntries() {
    return (
        <>
            <div className="nav-admin">
                <p className="soft small">Administration</p>
                <Entry to="/admin/users" icon="users">
                    Users
                </Entry>
                <Entry to="/admin/trail" icon="trail">
                    Audit trail
                </Entry>
                <Entry to="/admin/backups" icon="backups">
                    Backups
                </Entry>
                <Entry to="/admin/health" icon="health">
                    Health
                </Entry>
            </div>
            <div className="nav-admin-menu">
                <Entry to="/admin" icon="admin">
                    Admin
                </Entry>
            </div>
        </>
    );
}

function ThemeChoice() {
    const [theme, setTheme] = useTheme();
    return (
        <label className="theme">
            <Icon name="theme" />
            <span className="visually-hidden">Colours</span>
            <select value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
                <option value="system">As the system</option>
                <option value="light">Light</option>
                <option value="dark">Dark</option>
            </select>
        </label>
    );
}

function Side() {
    const { me } = useHere();
    const { complain } = useToasts();
    return (
        <header className="side">
            <div className="brand">
                <img src={icon} alt="" />
                <span>{me.shop.name}</span>
            </div>
            <nav className="nav" aria-label="Views">
                <Entry to="/" icon="overview">
                    Overview
                </Entry>
                <Entry to="/products" icon="products">
                    Products
                </Entry>
                <Entry to="/orders" icon="orders">
                    Orders
                </Entry>
                <Entry to="/workflows" icon="workflows">
                    Workflows
                </Entry>
                <Entry to="/notifications" icon="notifications" count={useUnread()}>
                    Inbox
                </Entry>
                <Entry to="/account" icon="account">
                    Account
                </Entry>
                {me.user.role === "admin" && <AdministratorsEntries />}
            </nav>
            <div className="side-end">
                <p className="who soft small">
                    {me.user.name} · {me.user.role}
                </p>
                <ThemeChoice />
                <button
                    className="button plain leave"
                    type="button"
                    onClick={() => void logOut().catch(complain)}
                >
                    <Icon name="leave" />
                    Log out
                </button>
            </div>
        </header>
    );
}

function NoView() {
    useTitle("Nothing here");
    return (
        <Empty>
            <h1>There is no such view.</h1>
            <Link to="/">Overview</Link>
        </Empty>
    );
}

/// All views.
export function App() {
    const main = useRef<HTMLElement>(null);
    const { pathname } = useLocation();
    const shown = useRef(pathname);
    // The keyboard and screen readers go on in the new view.
    useEffect(() => {
        if (shown.current !== pathname) main.current?.focus({ preventScroll: true });
        shown.current = pathname;
    }, [pathname]);
    return (
        <div className="frame">
            <Side />
            <main className="main" ref={main} key={pathname} tabIndex={-1}>
                <Suspense fallback={<Loading />}>
                    <Routes>
                        <Route path="/" element={<Overview />} />
                        <Route path="/products" element={<Products />} />
                        <Route path="/products/new" element={<NewProduct />} />
                        <Route path="/products/:id" element={<Product />} />
                        <Route path="/orders" element={<Orders />} />
                        <Route path="/orders/new" element={<NewOrder />} />
                        <Route path="/orders/:id" element={<Order />} />
                        <Route path="/workflows" element={<Workflows />} />
                        <Route path="/workflows/new" element={<NewRule />} />
                        <Route path="/workflows/runs" element={<Runs />} />
                        <Route path="/workflows/deliveries" element={<Deliveries />} />
                        <Route path="/workflows/:id" element={<Rule />} />
                        <Route path="/notifications" element={<Notifications />} />
                        <Route path="/account" element={<Account />} />
                        <Route path="/account/tokens" element={<Tokens />} />
                        <Route path="/admin/*" element={<Administration />} />
                        <Route path="*" element={<NoView />} />
                    </Routes>
                </Suspense>
            </main>
        </div>
    );
}
