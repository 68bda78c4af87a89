// Light, dark, or as the system is. The choice stays in this browser.

const kThemes = ["auto", "light", "dark"];

// A browser may forbid storage; then the choice lasts as long as the page.
const stored = {
  get(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // see above
    }
  },
};

class Theme {
  constructor(onChange) {
    this.onChange = onChange;
    this.theme = kThemes.includes(stored.get("namegate-theme")) ? stored.get("namegate-theme") : "auto";
    byId("theme").addEventListener("click", () => {
      this.theme = kThemes[(kThemes.indexOf(this.theme) + 1) % kThemes.length];
      stored.set("namegate-theme", this.theme);
      this.apply();
      announce(this.name());
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
    this.apply();
  }

  name() {
    return this.theme === "auto" ? "Colours of the system" : this.theme === "light" ? "Light" : "Dark";
  }

  apply() {
    if (this.theme === "auto") {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = this.theme;
    }
    byId("theme-icon").setAttribute("href", `#icon-${this.theme}`);
    byId("theme").setAttribute("aria-label", `Colours: ${this.name()}. Change`);
    byId("theme").title = `Colours: ${this.name()}`;
    this.onChange();
  }
}
