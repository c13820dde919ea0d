// Books a cabin with a client that was generated from the document, and nothing else.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };

const base = process.argv[2];
if (base === undefined) throw new Error("give the address of the service");
const api = createClient<paths>({ baseUrl: base });

function answered<T>(answer: { data?: T; error?: { code: string; detail: string | null } }): T {
  if (answer.data === undefined) throw new Error(`${answer.error?.code}: ${answer.error?.detail}`);
  return answer.data;
}

const once = () => ({ "Idempotency-Key": crypto.randomUUID() });

const found = answered(
  await api.GET("/api/v1/booking/cruises", {
    params: { query: { q: "Wonder", nightsMin: 7, sort: "price" } },
  }),
);
const cruise = found.cruises.find((each) => each.currency === "USD");
if (cruise === undefined) throw new Error("no sailing is found");
const details = answered(
  await api.GET("/api/v1/booking/cruises/{cruiseId}", {
    params: { path: { cruiseId: cruise.cruiseId } },
  }),
);
if (details.itinerary.length !== details.nights + 1) throw new Error("days are missing");

const session = answered(
  await api.POST("/api/v1/booking/session", {
    params: { header: once() },
    body: { cruiseId: cruise.cruiseId, passengerCount: { adults: 2 } },
  }),
);
const path = { sessionId: session.sessionId };
const priced = answered(await api.GET("/api/v1/booking/{sessionId}/pricing", { params: { path } }));
const grade = priced.cabins[0];
const rate = grade?.rates[0];
if (grade === undefined || rate === undefined) throw new Error("nothing is on sale");
const held = answered(
  await api.POST("/api/v1/booking/{sessionId}/select-cabin", {
    params: { path, header: once() },
    body: {
      resultNo: rate.resultNo,
      gradeNo: rate.gradeNo,
      rateCode: rate.rateCode,
      cabinCode: grade.cabinCode,
    },
  }),
);
if (held.price === null) throw new Error("the held cabin has no price");

const contact: components["schemas"]["ContactRequest"] = {
  title: "Mrs",
  firstName: "Ada",
  lastName: "Example",
  email: "ada@example.com",
  phone: "+13055550100",
  address: "1 Harbour Street",
  city: "Miami",
  state: "FL",
  postalCode: "33101",
  country: "US",
};
const traveller = (
  firstName: string,
  title: string,
  gender: "F" | "M",
): components["schemas"]["PassengerRequest"] => ({
  title,
  firstName,
  lastName: "Example",
  dateOfBirth: "1980-12-10",
  gender,
  nationality: "US",
  passengerType: "adult",
});
const edited = { path };
await api.PATCH("/api/v1/booking/session/{sessionId}", { params: edited, body: { contact } });
const kept = answered(
  await api.PATCH("/api/v1/booking/session/{sessionId}", {
    params: edited,
    body: { specialRequests: "A quiet cabin, please." },
  }),
);
if (kept.details.contact?.email !== contact.email) throw new Error("the contact was erased");

const booked = answered(
  await api.POST("/api/v1/booking/{sessionId}/create", {
    params: { path, header: once() },
    body: {
      contact,
      passengers: [traveller("Ada", "Mrs", "F"), traveller("Ben", "Mr", "M")],
      payment: {
        cardNumber: "4111111111111111",
        expiryMonth: 12,
        expiryYear: 2035,
        cvv: "123",
        cardholderName: "Ada Example",
        amount: held.price.total,
        paymentType: "full_payment",
      },
    },
  }),
);
if (booked.booking === null) throw new Error(`it is ${booked.state}`);
const refused = await api.GET("/api/v1/booking/cruises/{cruiseId}", {
  params: { path: { cruiseId: "0" } },
});
if (refused.error?.code !== "cruise_not_found") throw new Error("a problem has no code");
console.log(`booked ${booked.booking.reservation} with TypeScript`);
