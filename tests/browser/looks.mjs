import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fetched } from "./loading.mjs";
import { hostile } from "./shop.mjs";
import { bound } from "./visitor.mjs";

/** Every view, with something in each. */
async function furnish(shop) {
    const product = await shop.product({ name: "Furnished tea", category: "Tea", stock: 3, minStock: 5 });
    const rule = await shop.ask("POST", "/api/workflows", {
        name: "Tell",
        trigger: "New Order",
        action: "Send Notification",
        conditions: [{ field: "order.total", operator: ">=", value: 1 }],
    });
    const items = [{ productId: product.id, quantity: 1 }];
    const done = await shop.order({ items, status: "Completed" });
    const open = await shop.order({ items, notes: "Rings twice." });
    return [
        "/",
        "/?days=30",
        "/products",
        "/products/new",
        `/products/${product.id}`,
        "/orders",
        "/orders/new",
        `/orders/${done.id}`,
        `/orders/${open.id}`,
        `/orders/${open.id}?edit=true`,
        "/workflows",
        "/workflows/new",
        `/workflows/${rule.id}`,
        "/workflows/runs",
        "/workflows/deliveries",
        "/notifications",
        "/account",
        "/account/tokens",
        "/admin",
        "/admin/users",
        "/admin/users/new",
        "/admin/users/1",
        "/admin/trail",
        "/admin/backups",
        "/admin/import",
        "/admin/health",
        "/products?search=nothing-is-called-that",
        "/no-such-view",
    ];
}

async function all_views({ shop, arrive }, colorScheme, rules) {
    const { open, settle, logInByForm, violations } = bound(await arrive({ colorScheme }));
    await open("/");
    await settle();
    assert.deepEqual(await violations(rules), [], "login");
    await logInByForm();
    for (const view of await furnish(shop)) {
        await open(view);
        await settle();
        assert.deepEqual(await violations(rules), [], view);
    }
}

export const every_view_is_accessible = (given) => all_views(given, "light");

export async function hostile_strings_are_text({ shop, arrive }) {
    const { id: productId } = await shop.product({ name: hostile, category: hostile.slice(0, 90) });
    const { id } = await shop.order({
        customerName: hostile,
        notes: hostile,
        items: [{ productId, quantity: 1 }],
    });
    const { page, open, settle, logIn } = bound(await arrive());
    await logIn();
    for (const view of [
        "/products",
        `/products/${productId}`,
        "/orders",
        `/orders/${id}`,
        "/notifications",
        "/",
    ]) {
        await open(view);
        await settle();
        assert.ok(!(await page.title()).includes("caught") || (await page.title()).includes("<img"), view);
        assert.equal(await page.locator('img[src="x"]').count(), 0, view);
    }
    await open(`/orders/${id}`);
    await page.getByText(hostile).first().waitFor();
}

export async function numbers_and_days_are_as_the_user_and_the_shop_write_them({ shop, arrive }) {
    const { id: productId } = await shop.product({ name: "Foreign tea", price: 1234.5, stock: 7.25 });
    const order = await shop.order({ items: [{ productId, quantity: 2.5 }] });
    // Half a day beyond the shop's time zone.
    const elsewhere = { locale: "de-DE", timezoneId: "Pacific/Kiritimati" };
    const { page, field, button, read, open, logIn } = bound(await arrive(elsewhere));
    await logIn();
    await open(`/orders/${order.id}`);
    await read("3.086,25\u00a0€");
    const { shop: settings } = await shop.ask("GET", "/api/auth/me");
    const created = new Intl.DateTimeFormat("de-DE", {
        dateStyle: "medium",
        timeStyle: "short",
        timeZone: settings.timezone,
    }).format(new Date(order.createdAt));
    await page.getByText(created, { exact: true }).waitFor();
    await open(`/products/${productId}`);
    await read("7,25");
    await field("Price").fill("1.234,75");
    await button("Save").click();
    await read("Saved.");
    assert.equal((await shop.ask("GET", `/api/products/${productId}`)).price, 1234.75);
}

/** Bytes of a page that is loaded once more. */
async function reloaded({ page, settle }, session, cached) {
    await session.send("Network.setCacheDisabled", { cacheDisabled: !cached });
    const { bytes } = await fetched(session, async () => {
        await page.reload();
        await settle();
    });
    return bytes;
}

export async function the_first_load_is_below_200_kb_and_the_next_one_asks_for_little({ arrive }) {
    const visitor = bound(await arrive());
    await visitor.logIn();
    await visitor.open("/");
    await visitor.settle();
    const session = await visitor.context.newCDPSession(visitor.page);
    await session.send("Network.enable");
    const first = await reloaded(visitor, session, false);
    const next = await reloaded(visitor, session, true);
    console.log(`first load ${first} bytes with the overview and its charts, then ${next}`);
    assert.ok(first < 200_000 && first > 50_000, `${first} bytes`);
    assert.ok(next < 20_000, `${next} bytes`);
}

export const slow = {
    every_view_can_be_read_in_the_dark: (given) => all_views(given, "dark", ["color-contrast"]),

    async nothing_jumps_while_a_view_comes({ shop, arrive }) {
        const views = await furnish(shop);
        const { page, settle, logIn } = bound(await arrive());
        await logIn();
        await page.addInitScript(() => {
            window.jumps = [];
            new PerformanceObserver((list) => {
                for (const { value, hadRecentInput, sources } of list.getEntries()) {
                    const moved = sources.map(
                        ({ node, previousRect: before, currentRect: after }) =>
                            `${before.y} to ${after.y}: ${node?.outerHTML?.slice(0, 100)}`,
                    );
                    if (!hadRecentInput && value > 0.01) window.jumps.push({ value, moved });
                }
            }).observe({ type: "layout-shift", buffered: true });
        });
        // The answers come one after the other, each a while after the one before.
        let answers = 0;
        await page.route("**/api/**", async (route) => {
            await new Promise((resolve) => setTimeout(resolve, 60 * (1 + (answers++ % 4))));
            await route.continue();
        });
        const jumps = [];
        for (const width of [390, 1600]) {
            await page.setViewportSize({ width, height: 900 });
            for (const view of views) {
                await page.goto(`${shop.url}/?${view}#${view}`); // the whole page anew
                await settle();
                const seen = await page.evaluate("window.jumps");
                if (seen.length > 0) jumps.push({ view, width, seen });
            }
        }
        assert.equal(JSON.stringify(jumps, null, 1), "[]");
    },

    async every_view_fits_every_width({ shop, arrive }) {
        const folder = process.env.SCREENSHOTS;
        if (folder) mkdirSync(folder, { recursive: true });
        const views = await furnish(shop);
        const { page, open, settle, logIn } = bound(await arrive());
        await logIn();
        for (const width of [390, 1024, 1600]) {
            await page.setViewportSize({ width, height: 900 });
            for (const view of views) {
                await open(view);
                await settle();
                const wide = await page.evaluate("document.documentElement.scrollWidth");
                assert.ok(wide <= width, `${view} is ${wide} wide at ${width}`);
                if (folder)
                    await page.screenshot({ path: `${folder}/${view.replace(/\W+/g, "_")}-${width}.png` });
            }
        }
    },
};
