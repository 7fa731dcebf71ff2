"""From decided to public: the audience is staged ahead, and one transaction makes the moment."""
