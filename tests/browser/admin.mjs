import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { hostile } from "./shop.mjs";
import { bound } from "./visitor.mjs";

const csv = (text) => ({ name: "products.csv", mimeType: "text/csv", buffer: Buffer.from(text) });

/** The row of a table that has these words. */
const row = (page, words) => page.getByRole("row").filter({ hasText: words });

export async function a_new_user_is_staff_and_sees_nothing_of_the_administrators_views({ shop, arrive }) {
    const [admin, staff] = [bound(await arrive()), bound(await arrive())];
    await admin.logIn();
    await admin.open("/admin/users/new");
    await admin.field("Name").fill("Sam Staff");
    await admin.field("User name").fill("sam");
    await admin.button("Make one up").click();
    const password = await admin.field("The password that was made up").inputValue();
    await admin.button("Create user").click();
    await admin.see("Sam Staff");
    await staff.logIn("sam", password);
    await staff.open("/");
    const views = staff.page.getByRole("navigation", { name: "Views" });
    await views.getByRole("link", { name: "Account" }).waitFor();
    assert.equal(await views.getByText(/Administration|Users|Audit|Backups|Health/).count(), 0);
    for (const view of ["/admin", "/admin/users", "/admin/backups", "/admin/import", "/admin/no-such-view"]) {
        await staff.open(view);
        await staff.see("This is for administrators.");
    }
    await staff.open("/products");
    await staff.page.getByRole("link", { name: "New product" }).first().waitFor();
    assert.equal(await staff.page.getByRole("link", { name: "Import" }).count(), 0);
    const [{ role }] = (await shop.ask("GET", "/api/users")).filter(({ username }) => username === "sam");
    assert.equal(role, "staff");
}

export async function a_user_is_changed_gets_another_password_and_goes({ shop, arrive }) {
    const before = "a long enough first one";
    const { id } = await shop.ask("POST", "/api/users", {
        username: "uma",
        name: "Uma",
        role: "staff",
        password: before,
    });
    const visitor = await arrive();
    const { page, field, button, read, see, open, logIn } = bound(visitor);
    visitor.expected = /400|412/;
    await logIn();
    await open(`/admin/users/${id}`);
    await see("Uma");
    await field("User name").fill("admin");
    await button("Save").click();
    await read("is taken by another user");
    await field("User name").fill("uma.u");
    await shop.ask("PATCH", `/api/users/${id}`, { email: "uma@example.com" });
    await button("Save").click();
    const choice = page.getByRole("dialog", { name: /Somebody else/ });
    await choice.getByRole("row", { name: "E-mail uma@example.com not changed" }).waitFor();
    await choice.getByRole("button", { name: "Save mine" }).click();
    await read("Saved.");
    await field("Password").fill("short");
    await button("Set password").click();
    await page.locator('[aria-invalid="true"]').waitFor();
    await field("Password").fill("seven quiet herons at dusk");
    await button("Set password").click();
    await read("Uma has a new password.");
    const login = { username: "uma.u", password: "seven quiet herons at dusk", token: true };
    const { user } = await shop.ask("POST", "/api/auth/login", login);
    assert.equal(user.email, "uma@example.com");
    await button("Delete").click();
    await button("Delete user").click();
    await see("Users");
    await page.getByText("uma.u").waitFor({ state: "detached" });
    await assert.rejects(shop.ask("GET", `/api/users/${id}`), /404/);
}

export async function the_last_administrator_stays_one_in_the_servers_words({ arrive }) {
    const visitor = await arrive();
    const { page, field, button, read, see, open, logIn } = bound(visitor);
    visitor.expected = /409/;
    await logIn();
    await open("/admin/users/1");
    await see("admin");
    await field("Role").selectOption("staff");
    await button("Save").click();
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await read("This is the last active administrator.");
    await button("Discard").click();
    await button("Delete").click();
    await button("Delete user").click();
    await page.getByRole("dialog").getByText("This is the last active administrator.").waitFor();
}

export async function a_token_is_shown_once_works_and_is_revoked({ shop, arrive }) {
    const { page, field, button, read, see, open, logIn } = bound(await arrive());
    await logIn();
    await open("/account/tokens");
    await field("Name").fill("Nightly report");
    await button("Create token").click();
    const token = await field("Token").inputValue();
    await page.keyboard.press("Escape");
    await button("I have kept it").click();
    const asks = (method, path) =>
        fetch(shop.url + path, { method, headers: { Authorization: `Bearer ${token}` } });
    assert.equal((await asks("GET", "/api/products?limit=1")).status, 200);
    assert.equal((await asks("DELETE", "/api/products/1")).status, 403, "it may only read");
    await page.reload();
    await see("API tokens");
    await read(/reads only/);
    await read(/used now/);
    assert.ok(!(await page.content()).includes(token));
    await button("Revoke Nightly report").click();
    await button("Revoke token").click();
    await read("Nightly report was revoked.");
    await read("You have no token.");
    assert.equal((await asks("GET", "/api/products?limit=1")).status, 401);
}

export async function an_edit_stands_in_the_trail_with_before_and_after({ shop, arrive }) {
    const { id } = await shop.product({ name: "Traced tea", price: 2.5 });
    const { page, field, button, see, read, open, logIn, violations } = bound(await arrive());
    await logIn();
    await open(`/products/${id}`);
    await see("Traced tea");
    await field("Price").fill("3.75");
    await field("Description").fill("Picked\nby hand");
    await button("Save").click();
    await read("Saved.");
    await open("/admin/trail");
    await field("To what").selectOption("product");
    await field("Its number").fill(String(id));
    await field("What was done").selectOption("changed");
    await page.waitForURL(new RegExp(`#/admin/trail\\?entity=product&entityId=${id}&actionType=update$`));
    await button(`changed product #${id}`).click();
    const entry = page.getByRole("dialog", { name: `admin changed product #${id}` });
    await entry.getByRole("row", { name: "Price €2.50 €3.75" }).waitFor();
    await entry.getByRole("row", { name: "Description nothing Picked by hand" }).waitFor();
    assert.equal(await entry.getByRole("row").count(), 3);
    const [{ requestId, address }] = await shop.ask(
        "GET",
        `/api/admin/database?action=audit-logs&entity=product&entityId=${id}&limit=1`,
    );
    await entry.getByText(requestId).waitFor();
    await entry.getByText(address).waitFor();
    assert.deepEqual(await violations(), []);
    await entry.getByRole("button", { name: "Close" }).click();
    const [file] = await Promise.all([page.waitForEvent("download"), button("Export CSV").click()]);
    const lines = readFileSync(await file.path(), "utf8")
        .trim()
        .split("\n");
    assert.equal(lines.length, 2, "the filters hold for it too");
    await button("Check the seals").click();
    await read(/sealed entries are as they were written/);
}

export async function a_spreadsheet_is_shown_row_by_row_before_it_changes_anything({ shop, arrive }) {
    const { id } = await shop.product({ name: "Listed tea", sku: "LIST-1", price: 2 });
    const { page, field, button, see, read, open, logIn, violations } = bound(await arrive());
    await logIn();
    await open("/products");
    await page.getByRole("link", { name: "Import" }).click();
    await see("Import products");
    const head = "sku,name,stock,minStock,price\n";
    await field("Spreadsheet").setInputFiles(
        csv(`${head}LIST-1,Listed tea,1,0,2.25\nLIST-2,New tea,1,0,cheap\nLIST-3,,1,0,1\n`),
    );
    await read("2 rows can’t be imported");
    await row(page, "price").filter({ hasText: "must be a number" }).waitFor();
    await row(page, "LIST-2,New tea,1,0,cheap").getByText("3", { exact: true }).waitFor();
    await row(page, "must not be empty").filter({ hasText: "name" }).waitFor();
    assert.equal(await button("Import").count(), 0);
    assert.deepEqual(await violations(), []);
    await page.getByRole("button", { name: "All 3" }).click();
    await row(page, "would be changed").waitFor();
    await field("Spreadsheet").setInputFiles(
        csv(`${head}LIST-1,Listed tea,1,0,2.25\nLIST-2,New tea,1,0,4\n`),
    );
    await read("1 row would create a product, 1 row change one");
    assert.equal((await shop.ask("GET", `/api/products/${id}`)).price, 2, "nothing has happened yet");
    await button("Import").click();
    await read("Imported: 1 created, 1 changed");
    const { price, stock } = await shop.ask("GET", `/api/products/${id}`);
    assert.deepEqual({ price, stock }, { price: 2.25, stock: 10 }, "no stocktake");
    assert.equal((await shop.ask("GET", "/api/products?search=LIST-2"))[0].price, 4);
}

/** Downloads a backup. @returns its bytes */
async function exported({ page, button, read }) {
    const [file] = await Promise.all([page.waitForEvent("download"), button("Download a backup").click()]);
    await read("The file came whole");
    assert.match(file.suggestedFilename(), /^smartflow-.*Z\.json$/);
    return readFileSync(await file.path());
}

export async function a_backup_goes_out_is_proven_and_comes_back_and_what_is_none_is_refused({
    shop,
    arrive,
}) {
    const { id } = await shop.product({ name: "Kept tea", price: 5 });
    const one = await arrive();
    one.expected = /400/;
    const visitor = bound(one);
    const { page, field, button, read, open, hold, logIn, violations } = visitor;
    await logIn();
    await open("/admin/backups");
    const file = (text) => ({ name: "x.json", mimeType: "application/json", buffer: Buffer.from(text) });
    await field("Backup").setInputFiles(file('{"format": "other"}'));
    await read("The file is no export of SmartFlow.");
    await field("Backup").setInputFiles(file("no JSON"));
    await read("The file is no JSON object.");
    assert.equal(await button("Restore it…").count(), 0);
    const buffer = await exported(visitor);
    await shop.ask("PATCH", `/api/products/${id}`, { price: 6 });
    const later = await shop.product({ name: "Later tea" });
    await field("Backup").setInputFiles({
        name: "smartflow.json.gz", // as the shop keeps them itself
        mimeType: "application/gzip",
        buffer: gzipSync(buffer),
    });
    await read("It can be restored");
    const { lastProvenBackup } = await shop.ask("GET", "/api/admin/backup?action=statistics");
    assert.ok(Date.now() - Date.parse(lastProvenBackup.provenAt) < 60_000);
    assert.deepEqual(await violations(), []);
    await button("Restore it…").click();
    const dialog = page.getByRole("dialog", { name: "Restore this backup?" });
    await dialog.getByText("are gone then").waitFor();
    assert.deepEqual(await violations(), []);
    assert.ok(await dialog.getByRole("button", { name: "Restore" }).isDisabled());
    await dialog.getByLabel(/Type the shop’s name/).fill("SmartFlow shop");
    const answer = await hold("**/*action=restore*", "POST");
    await dialog.getByRole("button", { name: "Restore" }).click();
    await dialog.getByRole("progressbar").waitFor();
    assert.ok(await dialog.getByRole("button", { name: "Cancel" }).isDisabled());
    answer();
    await dialog.getByText("The shop is as it was on").waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();
    await read("Restore: in place of what was here");
    assert.equal((await shop.ask("GET", `/api/products/${id}`)).price, 5);
    await assert.rejects(shop.ask("GET", `/api/products/${later.id}`), /404/);
}

export async function a_restore_asks_for_a_fresh_login_first({ shop, arrive }) {
    const visitor = bound(await arrive());
    const { page, field, button, read, open, logIn } = visitor;
    await logIn();
    // Nobody waits for a quarter of an hour: this session is made to look old.
    await page.route("**/api/auth/sessions", async (route) => {
        const answer = await route.fetch();
        const old = (await answer.json()).map((one) => ({ ...one, createdAt: "2020-01-01T00:00:00.000Z" }));
        await route.fulfill({ response: answer, json: old });
    });
    await open("/admin/backups");
    const buffer = await exported(visitor);
    await field("Backup").setInputFiles({ name: "b.json", mimeType: "application/json", buffer });
    await read("It can be restored");
    await button("Restore it…").click();
    const dialog = page.getByRole("dialog", { name: "Restore this backup?" });
    await dialog.getByLabel("Password").fill(shop.password);
    await dialog.getByRole("button", { name: "Log in" }).click();
    await dialog.getByLabel(/Type the shop’s name/).waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
}

export async function the_books_are_checked_and_what_is_wrong_comes_with_what_to_do({ shop, arrive }) {
    const { id } = await shop.product({ name: "Booked tea" });
    const { page, button, see, read, open, logIn, violations } = bound(await arrive());
    await logIn();
    await open("/");
    await page.getByRole("main").getByRole("link", { name: "Health" }).click();
    await see("Health");
    await read("It answers, and so do the shop’s programs.");
    await button("Check all books").click();
    await read("Everything balances");
    await read("Stock is what the ledger adds up to");
    assert.equal(await page.getByText(/\d looked at/).count(), 15);
    // A shop whose books don't balance can't be had by its API.
    await page.route("**/api/admin/database?action=integrity", async (route) => {
        const answer = await route.fetch();
        const found = await answer.json();
        const problem = { productId: id, problem: `7 on hand ${hostile}`, remedy: `Count it. ${hostile}` };
        Object.assign(found.checks[0], { ok: false, violationCount: 300, violations: [problem] });
        await route.fulfill({ response: answer, json: { ...found, ok: false } });
    });
    await button("Check all books").click();
    await read("Not everything balances");
    await read(`Count it. ${hostile}`);
    await read("These are the first 1 of 300.");
    assert.deepEqual(await violations(), []);
    await page.getByRole("link", { name: `product #${id}` }).click();
    await see("Booked tea");
}

export async function hostile_strings_are_text_to_administrators_too({ shop, arrive }) {
    const user = await shop.ask("POST", "/api/users", {
        username: hostile,
        name: hostile,
        role: "staff",
        password: "seven quiet herons at dusk",
    });
    const token = await shop.ask("POST", "/api/auth/tokens", { name: hostile });
    const { id } = await shop.product({ name: hostile, description: hostile });
    const visitor = await arrive();
    const { page, field, button, read, open, settle, logIn } = bound(visitor);
    visitor.expected = /400/;
    await logIn();
    for (const view of [
        "/admin/users",
        `/admin/users/${user.id}`,
        "/account/tokens",
        `/admin/trail?user=${user.id}`,
        `/admin/trail?entity=${encodeURIComponent(hostile)}`,
        "/admin/health",
    ]) {
        await open(view);
        await settle();
        assert.equal(await page.locator('img[src="x"]').count(), 0, view);
    }
    await open(`/admin/trail?entity=product&entityId=${id}`);
    await button(`created product #${id}`).click();
    await page.getByRole("dialog").getByText(hostile).first().waitFor();
    await open("/admin/import");
    const cell = `"${hostile.replaceAll('"', '""')}"`;
    await field("Spreadsheet").setInputFiles(csv(`name,stock,minStock,price\n${cell},1,0,${cell}\n`));
    await read("must be a number");
    await page.locator("code", { hasText: "onerror" }).waitFor();
    await open("/admin/backups");
    const buffer = Buffer.from(JSON.stringify({ format: hostile }));
    await field("Backup").setInputFiles({ name: `${hostile}.json`, mimeType: "application/json", buffer });
    await read("The file is no export of SmartFlow.");
    assert.equal(await page.locator('img[src="x"]').count(), 0);
    assert.ok(!(await page.title()).includes("caught"));
    await shop.ask("DELETE", `/api/auth/tokens/${token.id}`);
}

export const slow = {
    async a_long_trail_is_scrolled_without_a_stutter({ shop, arrive }) {
        const rows = Array.from({ length: 5000 }, (_, index) => `Long trail ${index},1,0,1`);
        const file = ["name,stock,minStock,price", ...rows].join("\n");
        await shop.ask("POST", "/api/admin/backup?action=import-products-csv", file, "text/csv");
        const { page, open, read, logIn } = bound(await arrive());
        await logIn();
        await open("/admin/trail?actionType=import");
        await read(/imported product/);
        const region = page.getByRole("region", { name: "Audit trail" });
        for (let seen = 0; seen < 1000;) {
            await region.evaluate((element) => element.scrollTo(0, element.scrollHeight));
            await page.waitForFunction(
                ([before]) => {
                    const last = [...document.querySelectorAll("tr.row")].at(-1);
                    return Number(last?.getAttribute("aria-rowindex")) > before;
                },
                [seen],
            );
            seen = Number(await page.locator("tr.row").last().getAttribute("aria-rowindex"));
        }
        assert.ok((await page.locator("tr.row").count()) < 80);
        assert.ok(Number(await page.getByRole("table").getAttribute("aria-rowcount")) > 5000);
    },
};
