import assert from "node:assert/strict";
import { bound } from "./visitor.mjs";

export async function what_came_in_is_shown_by_the_day_as_bars_and_in_figures({ shop, arrive }) {
    const { id: productId } = await shop.product({ name: "Sold tea", price: 12.5 });
    await shop.order({ items: [{ productId, quantity: 2 }], status: "Completed" });
    const { page, button, see, open, logIn } = bound(await arrive());
    await logIn();
    await open("/");
    await see("Overview");
    const bars = page.getByRole("img", { name: "Revenue by day" }).locator(".bar");
    await bars.nth(6).waitFor();
    assert.equal(await bars.count(), 7);
    await button("30 days").click();
    await page.waitForURL(/\?days=30$/);
    await bars.nth(29).waitFor();
    const { daily } = await shop.ask("GET", "/api/admin/database?action=summary");
    const money = new Intl.NumberFormat("en-GB", { style: "currency", currency: "EUR" });
    await page.getByText("In figures").first().focus();
    await page.keyboard.press("Enter");
    const days = page.getByRole("table", { name: "Revenue by day" }).getByRole("row");
    assert.equal(await days.count(), 30);
    assert.ok((await days.last().textContent()).endsWith(money.format(daily.at(-1).revenue)));
    assert.ok(daily.at(-1).revenue >= 25);
}

export async function what_is_low_and_what_is_mine_leads_there({ shop, arrive }) {
    // The first of those that are low, however many tests left some.
    const low = await shop.ask("GET", "/api/products?lowStock=true&limit=1");
    const product = low[0] ?? (await shop.product({ name: "Scant tea", stock: 1, minStock: 3 }));
    const { id: productId } = await shop.product({ name: "Assigned tea" });
    const { user } = await shop.ask("GET", "/api/auth/me");
    const { id } = await shop.order({
        customerName: "Mine",
        assignedTo: user.id,
        status: "Processing",
        items: [{ productId, quantity: 1 }],
    });
    const { page, see, open, logIn } = bound(await arrive());
    await logIn();
    await open("/");
    await page.getByRole("region", { name: "Assigned to you" }).getByText(`#${id} Mine`).click();
    await see(`Order #${id}`);
    await page.goBack();
    await page
        .getByRole("region", { name: "Low stock" })
        .getByRole("link", { name: product.name })
        .first()
        .click();
    await see(product.name);
    await page.goBack();
    await page.getByRole("link", { name: /^Processing orders/ }).click();
    await page.waitForURL(/#\/orders\?status=Processing$/);
    await page.getByRole("link", { name: "Mine" }).first().waitFor();
}
