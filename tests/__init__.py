"""The tests: rooms, contracts, flows, pages, journeys, and the fakes they stand on."""
