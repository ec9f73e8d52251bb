{#
    How many stage entities of the due months those months no longer hold.

    Usually none. Otherwise an older version may lie in any month, and all are searched.
#}
{% macro lost_rows(table, raw, key) -%}
    {%- set query -%}
        select count(*)
        from {{ this }}
        where
            (batch_token is null or {{ due_tokens(table) }})
            and {{ key.stage }} not in (
                select {{ key.token }}
                from {{ raw }}
                where {{ in_months(due_months()) }} and {{ key.raw }} is not null
            )
    {%- endset -%}
    {{ return(run_query(query).columns[0].values()[0]) }}
{%- endmacro %}

{% macro in_months(months) -%}
    {%- if months -%} month in ({{ months | join(', ') }}) {%- else -%} false {%- endif -%}
{%- endmacro %}
