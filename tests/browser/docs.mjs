import assert from "node:assert/strict";
import { bound } from "./visitor.mjs";

const hostile = `<img src=x onerror="document.title='caught'"><script>document.title='caught'</script>`;

/** The documentation, at one of its operations. */
async function read_docs({ page, shop }, operation = "") {
    await page.goto(`${shop.url}/docs${operation && `#${operation}`}`);
    await page.locator("article.operation").first().waitFor();
}

export async function the_documentation_has_every_operation_of_the_api({ shop, arrive }) {
    const visitor = await arrive();
    const { page } = bound(visitor);
    await read_docs(visitor);
    const { paths } = await shop.ask("GET", "/api/openapi.json");
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    const shown = await page.locator("article.operation").evaluateAll((all) => all.map(({ id }) => id));
    assert.deepEqual(shown.sort(), operations.map(({ operationId }) => operationId).sort());
    await page.getByRole("searchbox").fill("movements ledger");
    await page.waitForFunction(() => document.querySelectorAll("article.operation").length === 1);
    await page
        .getByRole("link", { name: /ledger/ })
        .first()
        .click();
    await page.waitForURL(/#productsMovementsList$/);
}

export async function an_example_runs_and_hostile_strings_in_the_answer_are_text({ shop, arrive }) {
    const { id } = await shop.product({ name: hostile });
    const visitor = await arrive();
    const { page, logInByForm, violations } = bound(visitor);
    visitor.expected = /401/;
    await read_docs(visitor, "productsRead");
    await page.getByRole("button", { name: "Try it: Read a product" }).click();
    const form = page.getByRole("form", { name: "Try productsRead" });
    await form.getByLabel("id (required)").fill(String(id));
    await form.getByRole("button", { name: "Send" }).click();
    await form.getByText(/^401/).waitFor();
    await form.getByRole("link", { name: "Log in" }).click();
    await logInByForm();
    await read_docs(visitor, "productsRead");
    await page.getByRole("button", { name: "Try it: Read a product" }).click();
    await form.getByLabel("id (required)").fill(String(id));
    await form.getByRole("button", { name: "Send" }).click();
    const body = form.getByRole("group", { name: "Body of the answer" });
    assert.equal(JSON.parse(await body.textContent()).name, hostile);
    // As it came over the wire: a money value keeps its places.
    assert.match(await body.textContent(), /"price": 2\.50,/);
    await form.getByText(/content-type: application\/json/).waitFor();
    assert.equal(await page.title(), "SmartFlow API");
    // The rest of the page is more of the same.
    await page.getByRole("searchbox").fill("productsRead");
    await page.waitForFunction(() => document.querySelectorAll("article.operation").length === 1);
    assert.deepEqual(await violations(), []);
    await page.emulateMedia({ colorScheme: "dark" });
    assert.deepEqual(await violations(["color-contrast"]), []);
}

export async function what_can_not_be_taken_back_is_asked_first({ shop, arrive }) {
    const { id } = await shop.product({ name: "Documented tea" });
    const visitor = await arrive();
    const { page, logIn } = bound(visitor);
    visitor.expected = /404/;
    await logIn();
    await read_docs(visitor, "productsDelete");
    await page.getByRole("button", { name: /^Try it: Delete or archive/ }).click();
    const form = page.getByRole("form", { name: "Try productsDelete" });
    await form.getByLabel("id (required)").fill(String(id));
    await form.getByRole("button", { name: "Send" }).click();
    await page.keyboard.press("Escape");
    assert.equal((await shop.ask("GET", `/api/products/${id}`)).id, id);
    await form.getByRole("button", { name: "Send" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Send" }).click();
    await form.getByText(/^204/).waitFor();
    await assert.rejects(shop.ask("GET", `/api/products/${id}`), /404/);
}

export const slow = {
    async all_of_the_documentation_is_accessible_and_fits_every_width({ arrive }) {
        const visitor = await arrive();
        const { page, violations } = bound(visitor);
        await read_docs(visitor);
        assert.deepEqual(await violations(), []);
        for (const width of [390, 1024, 1600]) {
            await page.setViewportSize({ width, height: 900 });
            const wide = await page.evaluate("document.documentElement.scrollWidth");
            assert.ok(wide <= width, `${wide} wide at ${width}`);
        }
    },
};
