// Which names stand together: the last two labels of a name, or the last three below a country's second level (co.uk). This is only a
// grouping for the eye; no list of public suffixes is needed.

const kSecondLevels = new Set(["ac", "co", "com", "edu", "gov", "net", "ne", "or", "org"]);

function domainOf(name) {
  const labels = name.split(".");
  const count = labels.length;
  if (count <= 2) {
    return name;
  }
  const country = labels[count - 1].length === 2 && kSecondLevels.has(labels[count - 2]);
  return labels.slice(country ? -3 : -2).join(".");
}

// The part before the domain, and the domain: "api", ".weather.com".
function splitName(name, domain) {
  return name.length > domain.length ? [name.slice(0, -domain.length - 1), `.${domain}`] : [name, ""];
}
