"""PostgreSQL: connections, migrations, and one module of SQL per noun. Decides nothing."""
