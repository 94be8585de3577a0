"""The tests, in folders by kind."""
