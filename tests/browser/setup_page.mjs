// The set-up's page in Chromium, on a host where nothing is set up yet: started by
// tests/wire/test_setup_page.py.
//   node tests/browser/setup_page.mjs URL SETUP_TOKEN
// Ends with 1 when anything isn't as it should be.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { bound, Visitor } from "./visitor.mjs";

const [url, token] = process.argv.slice(2);
const password = "tall-green-lamp-93";

const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
const visitor = await Visitor.arrive(browser, { url, password });
const { page, read, see, logInByForm, violations } = bound(visitor);
visitor.expected = /40[014]/; // what is refused here, and the login's first question

/** Nothing is hard to use or too wide, light and dark, on a phone and beyond. */
async function looks_well() {
    for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await violations(), [], colorScheme);
    }
    for (const width of [390, 1024, 1600]) {
        await page.setViewportSize({ width, height: 900 });
        const wide = await page.evaluate("document.documentElement.scrollWidth");
        assert.ok(wide <= width, `${wide} wide at ${width}`);
    }
}

async function sends(values) {
    for (const [label, value] of Object.entries(values)) await page.getByLabel(label).fill(value);
    await page.keyboard.press("Enter");
}

await page.goto(`${url}/setup.html`);
await page.getByLabel("SETUP_TOKEN").waitFor();
await looks_well();
await sends({ SETUP_TOKEN: `${token}x`, "User name": "owner", "Their password": password });
await read("The token isn't the SETUP_TOKEN of smartflow.conf.");
await sends({ SETUP_TOKEN: token, "Their password": "password1234" });
await read(/^The request is not valid\.\s+password: /);
assert.equal(await page.getByLabel("User name").inputValue(), "owner", "nothing typed is lost");
await sends({ "Their password": password });
await read("Log in as owner.");
await page.getByRole("table", { name: "What was found" }).getByRole("row").nth(3).waitFor();
assert.equal(await page.getByRole("cell", { name: "fail", exact: true }).count(), 0);
assert.equal(await page.getByLabel("SETUP_TOKEN").count(), 1);
assert.ok(await page.getByLabel("SETUP_TOKEN").isHidden());
await looks_well();
await page.getByRole("link", { name: "To the shop" }).click();
await logInByForm("owner");
await see("Overview");
await page.goto(`${url}/setup.html`);
await read("The set-up is closed.");
assert.ok(await page.getByLabel("SETUP_TOKEN").isHidden());
await visitor.leave();
await browser.close();
