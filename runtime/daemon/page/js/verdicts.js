// The verdicts, in the order in which they are shown. Each has a mark and a dash besides its colour, so that nobody depends on colour.

const kVerdicts = [
  { id: "allowed", label: "Allowed", dash: [], help: "The pod reached it, or was reached: flows that policy allowed." },
  { id: "denied", label: "Denied", dash: [6, 4], help: "Policy denied it, or cut it after a policy changed." },
  { id: "would-be-denied", label: "Would be denied", dash: [2, 4], help: "Allowed now. A staged policy would deny it." },
  { id: "looked-up", label: "Looked up", dash: [], help: "The pod looked the name up. No flow to it was seen." },
];
const kVerdictIndex = new Map(kVerdicts.map((verdict, index) => [verdict.id, index]));
const kDenied = kVerdictIndex.get("denied");
const kWouldBeDenied = kVerdictIndex.get("would-be-denied");
const kLookedUp = kVerdictIndex.get("looked-up");
